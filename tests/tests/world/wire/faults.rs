//! Each fault by itself: what one attempt sees of it, and that another mends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_tests::proxy::{Exchange, Fault, Given, Proxy};
use insist_tests::words::{LONG, ms};
use insist_ureq::http::Response;
use insist_ureq::insisting::{Jitter, Policy};
use insist_ureq::{Agent, Body, Error, Insist, Timeout};

use super::tls::TLS;

pub(crate) const TEXT: &str = "a whole text";

const ONCE: Policy = Policy::zero().attempts(1);

/// A server with a proxy before it that does this to the first requests, and nothing to those after them. It speaks TLS
/// too.
pub(crate) fn faulty(faults: impl IntoIterator<Item = Fault>) -> (Server, Proxy) {
    let server = Server::start(Answer::ok(TEXT)).unwrap();
    let (faults, arrived): (Vec<_>, _) = (faults.into_iter().collect(), AtomicUsize::new(0));
    let proxy = Proxy::start_tls(server.address(), Arc::clone(&TLS.server), move |_| {
        faults.get(arrived.fetch_add(1, Ordering::Relaxed)).copied().unwrap_or(Fault::None)
    });
    (server, proxy.unwrap())
}

pub(crate) fn text(answer: Result<Response<Body>, Error>) -> Result<String, Error> {
    answer?.body_mut().read_to_string()
}

/// Returns what a call with one attempt, the body included, comes to, and what the proxy did.
fn once(fault: Fault, policy: Policy) -> (Result<String, Error>, Exchange) {
    let (_server, proxy) = faulty([fault]);
    let result = text(Agent::new_with_defaults().get(proxy.at("/")).policy(policy).whole_body(1 << 10).call());
    (result, proxy.stop().remove(0))
}

fn is_broken(result: &Result<String, Error>) -> bool {
    matches!(result, Err(Error::Io(_)))
}

#[test]
fn without_a_fault_the_answer_is_the_servers() {
    let (result, exchange) = once(Fault::None, ONCE);
    assert_eq!(result.unwrap(), TEXT);
    assert_eq!(exchange.given, Given::Whole);
    assert_eq!(exchange.status, Some(200));
    assert!(exchange.is_read);
}

#[test]
fn what_breaks_before_the_answer_is_an_error_of_the_connection() {
    for fault in [Fault::ResetUnread, Fault::ResetRead, Fault::CloseRead, Fault::ResetAnswered] {
        let (result, exchange) = once(fault, ONCE);
        assert!(is_broken(&result), "{fault:?}: {result:?}");
        assert_eq!(exchange.given, Given::Nothing);
        assert_eq!(exchange.is_read, fault != Fault::ResetUnread);
        assert_eq!(exchange.status.is_some(), fault.is_passed_on(), "{fault:?}");
    }
}

#[test]
fn a_head_that_is_cut_anywhere_is_an_error_of_the_connection() {
    for share in [0, 1 << 12, 1 << 15, u16::MAX] {
        let (result, exchange) = once(Fault::CutHead(share), ONCE);
        assert!(is_broken(&result), "{share}: {result:?}");
        assert_eq!(exchange.given, Given::Nothing);
    }
}

#[test]
fn a_body_that_breaks_off_anywhere_is_never_a_whole_one() {
    for fault in [Fault::CutBody, Fault::ResetBody] {
        for share in [0, 1 << 15, u16::MAX] {
            let (result, exchange) = once(fault(share), ONCE);
            assert!(is_broken(&result), "{result:?}");
            assert_eq!(exchange.given, Given::Head);

            // Without `whole_body` the call has returned by then, and the reader says it.
            let (_server, proxy) = faulty([fault(share)]);
            let answer = Agent::new_with_defaults().get(proxy.at("/")).policy(ONCE).call();
            assert!(text(answer).is_err());
        }
    }
}

#[test]
fn a_body_in_chunks_that_is_cut_at_any_byte_is_sent_again_where_it_is_part_of_the_attempt() {
    // A line with the size of the chunk, the chunk, and the end of its line.
    let bytes = "c\r\n".len() + TEXT.len() + "\r\n".len();
    let server = Server::start(Answer::ok(TEXT).chunked()).unwrap();
    for cut in 0..bytes {
        let share = u16::try_from((cut << 16).div_ceil(bytes)).unwrap();
        let faults = [Fault::CutBody(share), Fault::None];
        let arrived = AtomicUsize::new(0);
        let proxy = Proxy::start(server.address(), move |_| faults[arrived.fetch_add(1, Ordering::Relaxed)]).unwrap();
        let agent = Agent::new_with_defaults().policy(Policy::zero().attempts(2)).whole_body(1 << 10);
        assert_eq!(text(agent.get(proxy.at("/")).call()).unwrap(), TEXT, "cut after {cut} bytes");
        let given: Vec<_> = proxy.stop().into_iter().map(|exchange| exchange.given).collect();
        assert_eq!(given, [Given::Head, Given::Whole]);
    }
}

#[test]
fn what_is_too_slow_ends_with_the_attempts_timeout_and_nobody_waits() {
    let policy = ONCE.attempt_timeout(ms(40));
    for fault in [Fault::Stall, Fault::StallBody(1 << 15), Fault::Drip(ms(5)), Fault::Late(LONG)] {
        let (result, exchange) = once(fault, policy);
        assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{fault:?}: {result:?}");
        assert!(!exchange.is_awaited && exchange.given != Given::Whole);
    }
}

#[test]
fn a_body_that_stalls_after_the_call_is_bounded_by_the_deadline() {
    let (_server, proxy) = faulty([Fault::StallBody(1 << 15)]);
    let mut answer = Agent::new_with_defaults().get(proxy.at("/")).policy(ONCE.deadline(ms(60))).call().unwrap();
    let result = answer.body_mut().read_to_string();
    assert!(matches!(result, Err(Error::Timeout(Timeout::Global))), "{result:?}");
}

#[test]
fn an_answer_that_comes_a_byte_at_a_time_is_whole() {
    let (result, exchange) = once(Fault::Trickle, ONCE);
    assert_eq!(result.unwrap().as_str(), TEXT);
    assert_eq!(exchange.given, Given::Whole);
}

#[test]
fn what_is_not_http_is_not_tried_again() {
    for seed in 0..20 {
        let (server, proxy) = faulty([Fault::Garbage(seed)]);
        let result = text(Agent::new_with_defaults().get(proxy.at("/")).policy(Policy::zero()).call());
        assert!(matches!(result, Err(Error::Protocol(_))), "{seed}: {result:?}");
        assert_eq!(proxy.stop().len(), 1);
        assert_eq!(server.request_count(), 1);
    }
}

#[test]
fn a_late_answer_is_nobody_elses() {
    let (server, proxy) = faulty([Fault::Late(ms(60))]);
    let agent = Agent::new_with_defaults();
    agent.get(proxy.at("/")).policy(ONCE.attempt_timeout(ms(30))).call().unwrap_err();
    std::thread::sleep(ms(60));
    let head = agent.head(proxy.at("/")).policy(ONCE).call().unwrap();
    assert_eq!(head.status(), 200);
    let arrivals: Vec<_> = proxy.stop().into_iter().map(|exchange| exchange.arrival.connection).collect();
    assert_eq!(arrivals, [1, 2], "a connection with an answer due is not used again");
    assert_eq!(server.request_count(), 2, "a connection with an answer due is not used again");
}

#[test]
fn a_second_attempt_mends_every_fault_but_what_is_not_http() {
    let share = 1 << 15;
    let faults = [
        Fault::ResetUnread,
        Fault::ResetRead,
        Fault::ResetAnswered,
        Fault::CloseRead,
        Fault::Stall,
        Fault::StallBody(share),
        Fault::Drip(ms(5)),
        Fault::Late(LONG),
        Fault::CutHead(share),
        Fault::CutBody(share),
        Fault::ResetBody(share),
    ];
    for fault in faults {
        let (_server, proxy) = faulty([fault]);
        // The first attempt of these may take 40 ms, the second as long as it needs.
        let policy = Policy::zero().attempts(2).attempt_timeout(ms(40));
        let agent = Agent::new_with_defaults().whole_body(1 << 10).policy(policy);
        let mut result = text(agent.get(proxy.at("/")).call());
        for _ in 0..100 {
            // On a noisy machine the second may need longer too: it is the fault that is to be mended.
            if !matches!(result, Err(Error::Timeout(_))) {
                break;
            }
            result = text(agent.get(proxy.at("/")).call());
        }
        assert_eq!(result.unwrap(), TEXT, "{fault:?}");
        assert!(proxy.stop().len() >= 2);
    }
}

#[test]
fn an_idle_connection_that_closes_at_the_moment_of_reuse_costs_an_attempt_and_never_a_second_post() {
    let (server, proxy) = faulty([Fault::None, Fault::CloseReused, Fault::None, Fault::CloseReused]);
    let agent = Agent::new_with_defaults().policy(Policy::zero().attempts(2));
    assert_eq!(text(agent.get(proxy.at("/")).call()).unwrap(), TEXT);
    assert_eq!(text(agent.get(proxy.at("/")).call()).unwrap(), TEXT);
    let result = text(agent.post(proxy.at("/")).send("an order"));
    assert!(is_broken(&result), "{result:?}");
    let exchanges = proxy.stop();
    let done: Vec<_> = exchanges.iter().map(|exchange| (exchange.arrival.connection, exchange.given)).collect();
    assert_eq!(done, [(1, Given::Whole), (1, Given::Nothing), (2, Given::Whole), (2, Given::Nothing)]);
    assert_eq!(server.request_count(), 2);
}

#[test]
fn an_idle_connection_that_has_closed_costs_nothing() {
    let (_server, proxy) = faulty([Fault::CloseIdle(Duration::ZERO), Fault::CloseIdle(Duration::ZERO)]);
    let agent = Agent::new_with_defaults().policy(ONCE);
    for _ in 0..2 {
        assert_eq!(text(agent.get(proxy.at("/")).call()).unwrap(), TEXT);
        std::thread::sleep(ms(50));
    }
    assert_eq!(text(agent.post(proxy.at("/")).send("an order")).unwrap(), TEXT);
    let connections: Vec<_> = proxy.stop().iter().map(|exchange| exchange.arrival.connection).collect();
    assert_eq!(connections, [1, 2, 3]);
}

#[test]
fn a_refused_connection_is_tried_again_even_for_a_post() {
    let (server, proxy) = faulty([Fault::Refuse(ms(50))]);
    let policy = Policy::constant(ms(5)).jitter(Jitter::None).attempts(1_000);
    let agent = Agent::new_with_defaults().policy(policy);
    let refused = AtomicUsize::new(0);
    assert_eq!(text(agent.get(proxy.at("/")).call()).unwrap(), TEXT);
    // The proxy ceases to listen right after its answer.
    while !matches!(agent.get(proxy.at("/")).policy(ONCE).call(), Err(Error::Io(_))) {
        assert!(refused.fetch_add(1, Ordering::Relaxed) < 1_000);
    }
    assert_eq!(text(agent.post(proxy.at("/")).send("an order")).unwrap(), TEXT);
    let posts = proxy.stop().iter().filter(|exchange| exchange.arrival.method == "POST").count();
    assert_eq!(posts, 1);
    assert_eq!(server.requests().iter().filter(|request| request.method == "POST").count(), 1);
}

#[test]
fn a_proxy_that_refuses_can_be_stopped() {
    for wait in [0, 1, 2, 3, 4, 5, 6] {
        let (_server, proxy) = faulty([Fault::Refuse(ms(3))]);
        assert_eq!(text(Agent::new_with_defaults().get(proxy.at("/")).call()).unwrap(), TEXT);
        std::thread::sleep(ms(wait));
        assert_eq!(proxy.stop().len(), 1);
    }
}
