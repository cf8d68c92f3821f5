//! Gates that an agent's calls share, and gates by host: what they refuse, and what they are told.

use std::sync::Arc;
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_ureq::http::Response;
use insist_ureq::insisting::{
    Breaker, Budget, Bulkhead, Cause, Gate, GaveUp, Hosts, Instant, Policy, Reason, Refusal, Report, ReportSlot,
};
use insist_ureq::{Agent, Body, Error, Insist, Timeout};

const POLICY: Policy = Policy::constant(Duration::from_millis(1)).attempts(3);
const RACE: Policy = Policy::zero().lanes(3).attempts(3);
/// Long enough for a noisy machine; no test waits for it.
const LONG: Duration = Duration::from_secs(30);

fn agent() -> Agent {
    Agent::new_with_defaults().policy(POLICY)
}

/// Lets one retry through, and no other.
fn one_retry() -> Budget {
    Budget::new(0.001).with_reserve(1).window(Duration::from_secs(3600))
}

fn why(report: Option<Report>) -> Option<&'static str> {
    report.unwrap().refusal.map(Refusal::reason)
}

fn gave_up(result: Result<Response<Body>, Error>) -> GaveUp {
    match result {
        Err(Error::Other(error)) => *error.downcast::<GaveUp>().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_that_is_refused_before_its_first_attempt_sends_nothing_and_names_the_gate() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let slot = ReportSlot::new();
    for policy in [POLICY, POLICY.attempt_timeout(LONG), RACE] {
        let result = agent().get(server.url()).policy(policy).gate(Bulkhead::new(0)).report_to(&slot).call();
        let error = gave_up(result);
        assert!(matches!(error, GaveUp::Refused(_)), "{error:?}");
        assert_eq!(error.to_string(), "nothing was sent: bulkhead is full");
        let report = slot.take();
        assert_eq!(report.as_ref().map(|report| (report.attempts, report.reason)), Some((0, Some(Reason::Refused))));
        assert_eq!(why(report), Some("bulkhead is full"));
    }
    let unseen = agent().gate(Bulkhead::new(0)).get(server.url()).call();
    assert!(matches!(gave_up(unseen), GaveUp::Refused(_)));
    assert_eq!(server.request_count(), 0);
}

#[test]
fn a_retry_that_is_refused_gives_the_last_answer_or_error_and_the_report_names_the_gate() {
    let server = Server::start([Answer::status(503).body("busy"), Answer::reset()]).unwrap();
    let slot = ReportSlot::new();
    let call = || agent().get(server.url()).gate(Budget::new(0.001).with_reserve(0)).report_to(&slot);
    let mut answer = call().config().http_status_as_error(false).build().call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "busy");
    assert_eq!(why(slot.take()), Some("budget is used up"));
    let result = call().call();
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert_eq!(why(slot.take()), Some("budget is used up"));
    assert_eq!(server.request_count(), 2);
}

#[test]
fn the_calls_of_an_agent_and_its_clones_share_its_gate_and_a_request_may_have_another() {
    let server = Server::start(Answer::status(503)).unwrap();
    let budget = Arc::new(one_retry());
    let agent = Agent::config_builder().policy(POLICY).gate(Arc::clone(&budget)).build().new_agent();
    agent.get(server.url()).call().unwrap_err();
    assert_eq!(server.request_count(), 2, "a first send and the one retry");
    agent.clone().get(server.url()).call().unwrap_err();
    agent.clone().policy(POLICY).get(server.url()).call().unwrap_err();
    assert_eq!(server.request_count(), 4);
    assert_eq!(budget.state(Instant::now()).firsts, 3);
    agent.get(server.url()).gate(()).call().unwrap_err();
    assert_eq!(server.request_count(), 7);
    assert_eq!(budget.state(Instant::now()).firsts, 3);
}

#[test]
fn each_host_has_a_gate_of_its_own() {
    let servers = [(); 2].map(|()| Server::start(Answer::status(503)).unwrap());
    let hosts = Arc::new(Hosts::new(one_retry));
    for agent in [agent().gate_per_host(Hosts::new(one_retry)), agent().gate_per_host(Arc::clone(&hosts))] {
        for server in &servers {
            let before = server.request_count();
            agent.get(server.at("/1")).call().unwrap_err();
            agent.get(server.at("/2")).call().unwrap_err();
            assert_eq!(server.request_count() - before, 3, "two first sends and the one retry");
        }
    }
    assert_eq!(hosts.len(), 2);
}

#[test]
fn a_gate_of_all_calls_and_one_of_the_host_both_hold() {
    let servers = [(); 2].map(|()| Server::start(Answer::status(503)).unwrap());
    let slot = ReportSlot::new();
    let agent = agent().gate_per_host(Hosts::new(one_retry)).gate(Budget::new(0.001).with_reserve(3)).report_to(&slot);
    agent.get(servers[0].url()).call().unwrap_err();
    assert_eq!(servers[0].request_count(), 2, "the host's budget was used up");
    agent.get(servers[1].url()).gate(Bulkhead::new(0)).call().unwrap_err();
    assert_eq!(why(slot.take()), Some("bulkhead is full"));
    agent.get(servers[1].url()).gate(Budget::new(0.001).with_reserve(0)).call().unwrap_err();
    assert_eq!(servers[1].request_count(), 1, "the request's budget was used up");
}

#[test]
fn replicas_have_the_gate_of_the_host_that_the_request_names() {
    let server = Server::start(Answer::status(503)).unwrap();
    let hosts = Arc::new(Hosts::new(|| Bulkhead::new(1)));
    let agent = agent().gate_per_host(Arc::clone(&hosts)).replicas([server.at("/1"), server.at("/2")]);
    for path in ["/", "/x"] {
        agent.get(format!("http://service.invalid{path}")).call().unwrap_err();
    }
    assert_eq!((server.request_count(), hosts.len()), (6, 1));
    let service = "http://service.invalid/".parse().unwrap();
    let full = hosts.gate(&service, Instant::now());
    let _ = full.admit(Instant::now(), &Cause::FIRST);
    assert!(matches!(gave_up(agent.get("http://service.invalid/").call()), GaveUp::Refused(_)));
}

#[test]
fn an_open_breaker_refuses_and_lets_calls_through_again_when_its_host_is_well() {
    let answers = [Answer::status(503), Answer::status(503), Answer::ok("well")];
    let server = Server::start(answers).unwrap();
    let open_for = Duration::from_millis(50);
    let agent = Agent::new_with_defaults()
        .policy(Policy::stop())
        .gate_per_host(Hosts::new(move || Breaker::new(0.5).min_throughput(2).open_for(open_for)));
    for _ in 0..2 {
        let result = agent.get(server.url()).call();
        assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    }
    while let Err(error) = agent.get(server.url()).call() {
        assert_eq!(gave_up(Err(error)).to_string(), "nothing was sent: breaker is open");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(server.request_count(), 3);
}

#[test]
fn what_was_let_in_is_let_out_also_when_it_loses_fails_or_takes_too_long() {
    let answers = Script::paths()
        .path("/never", Answer::never())
        .path("/hedge", [Answer::never(), Answer::ok("hello")])
        .path("/reset", Answer::reset())
        .path("/404", Answer::status(404));
    let server = Server::start(answers).unwrap();
    let bulkhead = Arc::new(Bulkhead::new(2));
    let slot = ReportSlot::new();
    let agent = agent().gate(Arc::clone(&bulkhead)).report_to(&slot);

    let timeout = RACE.attempt_timeout(Duration::from_millis(30)).attempts(2);
    let result = agent.get(server.at("/never")).policy(timeout).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
    assert_eq!((why(slot.take()), bulkhead.in_flight()), (None, 0));

    let hedge = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20));
    agent.get(server.at("/hedge")).policy(hedge).call().unwrap();
    assert_eq!((slot.take().unwrap().hedges, bulkhead.in_flight()), (1, 0));

    agent.post(server.at("/reset")).send("x").unwrap_err();
    agent.get(server.at("/404")).call().unwrap_err();
    assert_eq!((server.hits("/reset"), server.hits("/404"), bulkhead.in_flight()), (1, 1, 0));
}

#[test]
fn a_lane_that_is_refused_leaves_the_others_and_a_refusal_after_a_timeout_is_that_timeout() {
    let server = Server::start([Answer::ok("hello"), Answer::ok("hello"), Answer::never()]).unwrap();
    let slot = ReportSlot::new();
    let request = || agent().get(server.url()).report_to(&slot);
    request().policy(RACE).gate(Bulkhead::new(2)).call().unwrap();
    let report = slot.take().unwrap();
    assert_eq!((report.attempts, report.reason, report.refusal), (2, None, None));

    let server = Server::start(Answer::never()).unwrap();
    let policy = RACE.lanes(2).attempts(4).attempt_timeout(Duration::from_millis(30));
    let budget = Budget::new(0.001).with_reserve(1);
    let result = agent().get(server.url()).policy(policy).gate(budget).report_to(&slot).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
    let report = slot.take();
    assert_eq!(report.as_ref().map(|report| report.attempts), Some(2));
    assert_eq!(why(report), Some("budget is used up"));
}
