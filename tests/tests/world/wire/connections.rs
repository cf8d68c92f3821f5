//! The faults of connections, each by itself: those that are old, TLS streams that have ended, bodies that end with them,
//! early answers, and tunnels that are refused.

use std::time::Duration;

use insist_tests::proxy::{Exchange, Fault, Given, Proxy};
use insist_tests::words::ms;
use insist_ureq::insisting::{Policy, ReportSlot};
use insist_ureq::{Agent, Error, Insist};

use super::faults::{TEXT, faulty, text};
use super::tls::TLS;

const TWICE: Policy = Policy::zero().attempts(2);

fn trusting() -> Agent {
    Agent::config_builder().tls_config(TLS.ureq()).policy(TWICE).build().into()
}

fn through(proxy: &Proxy) -> Agent {
    let tunnels = insist_ureq::Proxy::new(&proxy.at("")).unwrap();
    Agent::config_builder().tls_config(TLS.ureq()).proxy(Some(tunnels)).policy(TWICE).build().into()
}

/// The proxy's address without TLS and with it.
fn both(proxy: &Proxy) -> [String; 2] {
    [proxy.at("/"), proxy.at("/").replace("http:", "https:")]
}

/// Returns how many attempts a GET needs to have its answer.
fn attempts(agent: &Agent, url: &str) -> u32 {
    let slot = ReportSlot::new();
    assert_eq!(text(agent.get(url).report_to(&slot).call()).unwrap(), TEXT);
    slot.take().unwrap().attempts
}

fn connections(exchanges: &[Exchange]) -> Vec<usize> {
    exchanges.iter().map(|exchange| exchange.arrival.connection).collect()
}

#[test]
fn connections_that_are_retired_together_cost_one_attempt() {
    for scheme in 0..2 {
        let (_server, proxy) = faulty([Fault::None, Fault::None, Fault::Retire]);
        let (agent, url) = (trusting(), &both(&proxy)[scheme]);
        // Three are in use at once, and then idle.
        let answers = [(); 3].map(|()| agent.get(url).call());
        assert_eq!(answers.map(|answer| text(answer).unwrap()), [TEXT; 3]);
        assert_eq!([(); 4].map(|()| attempts(&agent, url)), [2, 1, 1, 1]);
        let exchanges = proxy.stop();
        assert_eq!(exchanges[3].fault, Fault::ResetReused);
        assert_eq!(connections(&exchanges)[4..], [4, 4, 4, 4]);
    }
}

#[test]
fn an_old_connection_that_is_silent_costs_one_attempt_and_a_new_one_is_opened() {
    let (_server, proxy) = faulty([Fault::None, Fault::StallReused]);
    let agent = trusting().policy(TWICE.attempt_timeout(ms(100)));
    assert_eq!(attempts(&agent, &proxy.at("/")), 1);
    assert_eq!(attempts(&agent, &proxy.at("/")), 2);
    let exchanges = proxy.stop();
    assert_eq!(connections(&exchanges), [1, 1, 2]);
    assert!(!exchanges[1].is_awaited);
}

#[test]
fn a_post_is_not_sent_on_a_tls_stream_that_has_ended() {
    let (server, proxy) = faulty([Fault::CloseNotify; 3]);
    let (agent, [_, url]) = (trusting(), both(&proxy));
    for _ in 0..3 {
        assert_eq!(text(agent.post(&url).send("an order")).unwrap(), TEXT);
    }
    assert_eq!(connections(&proxy.stop()), [1, 2, 3]);
    assert_eq!(server.request_count(), 3);
}

#[test]
fn a_body_that_ends_with_the_connection_is_whole_if_that_is_closed() {
    for scheme in 0..2 {
        let (_server, proxy) = faulty([Fault::EndByClose]);
        let mut answer = trusting().get(&both(&proxy)[scheme]).whole_body(1 << 10).call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), TEXT);
        let exchanges = proxy.stop();
        assert_eq!(exchanges.len(), 1);
        assert_eq!((exchanges[0].fault, exchanges[0].given), (Fault::EndByClose, Given::Whole));
    }
}

#[test]
fn a_body_that_ends_with_a_reset_is_not_whole_wherever_that_is() {
    for (scheme, share) in [0, 1].into_iter().flat_map(|scheme| [0, 1 << 15, u16::MAX].map(|share| (scheme, share))) {
        let (_server, proxy) = faulty([Fault::EndByReset(share); 2]);
        let url = &both(&proxy)[scheme];
        assert!(text(trusting().get(url).call()).is_err(), "{url}, {share}");
        assert_eq!(attempts(&trusting().whole_body(1 << 10), url), 2, "{url}, {share}");
    }
}

#[test]
fn a_body_that_ends_with_a_connection_whose_tls_stream_has_not_ended_is_not_whole() {
    let (_server, proxy) = faulty([Fault::EndTorn; 2]);
    let [_, url] = both(&proxy);
    assert!(text(trusting().get(&url).call()).is_err());
    assert_eq!(attempts(&trusting().whole_body(1 << 10), &url), 2);
}

#[test]
fn an_answer_before_the_upload_is_whole_is_the_answer() {
    // Many writes.
    let long = vec![b'x'; 4_000_000];
    for scheme in 0..2 {
        let (server, proxy) = faulty([Fault::Early(413), Fault::Early(503)]);
        let (agent, url) = (trusting(), &both(&proxy)[scheme]);
        let refused = agent.put(url).send(&long[..]);
        assert!(matches!(refused, Err(Error::StatusCode(413))), "{url}: {refused:?}");
        assert_eq!(server.request_count(), 0);
        // The next one is busy, and then there.
        assert_eq!(text(agent.put(url).send(&long[..])).unwrap(), TEXT);
        assert_eq!(proxy.stop().len(), 3);
    }
}

/// Makes a POST through a tunnel, and returns whether it came back and how many tunnels were asked for. The server had it
/// once or not at all.
fn post(scheme: &str, fault: Fault) -> (bool, usize) {
    let (server, proxy) = faulty([fault]);
    let agent = through(&proxy).policy(TWICE.attempt_timeout(if fault == Fault::Stall { ms(100) } else { ms(20_000) }));
    let answer = agent.post(format!("{scheme}://an.wire.test/")).send("an order");
    let tunnels = proxy.stop().iter().filter(|exchange| exchange.arrival.method == "CONNECT").count();
    assert_eq!(server.request_count(), usize::from(answer.is_ok()), "{scheme}, {fault:?}");
    (answer.is_ok(), tunnels)
}

#[test]
fn a_post_is_repeated_after_a_tunnel_that_did_not_open() {
    let cut = Fault::CutHead(1 << 15);
    for fault in [Fault::Early(503), Fault::Early(429), Fault::CloseRead, Fault::ResetUnread, cut, Fault::Stall] {
        for scheme in ["http", "https"] {
            assert_eq!(post(scheme, fault), (true, 2), "{scheme}, {fault:?}");
        }
    }
    // The handshake breaks off.
    assert_eq!(post("https", Fault::CloseIdle(Duration::ZERO)), (true, 2));
}

#[test]
fn a_tunnel_that_is_refused_for_good_is_asked_for_once() {
    for status in [403, 407] {
        for scheme in ["http", "https"] {
            assert_eq!(post(scheme, Fault::Early(status)), (false, 1), "{scheme}, {status}");
        }
    }
}
