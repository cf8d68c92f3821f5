//! Several lanes: who wins, and what becomes of the losers.

use std::sync::Barrier;
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_ureq::insisting::{AttemptEnd, Policy, Reason, Report, ReportSlot};
use insist_ureq::{Agent, Error, Insist, Timeout};

const RACE: Policy = Policy::zero().lanes(3).attempts(3);
/// Long enough for a noisy machine; no test waits for it.
const LONG: Duration = Duration::from_secs(30);

fn replicas(server: &Server, paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| server.at(path)).collect()
}

fn ends(report: &Report) -> Vec<AttemptEnd> {
    report.log.entries().iter().map(|entry| entry.end.unwrap()).collect()
}

/// Answers when as many requests are there, so that those that lose have been sent.
fn together(requests: usize, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Script {
    let barrier = Barrier::new(requests);
    Script::each(move |request, _| {
        barrier.wait();
        answer(&request.path)
    })
}

#[test]
fn the_fastest_replica_wins_and_the_others_see_their_connection_close() {
    let server = Server::start(together(3, |path| match path {
        "/18" => Answer::ok("18").after(Duration::from_millis(18)),
        "/60" => Answer::ok("60").after(LONG),
        _ => Answer::ok("200").after(2 * LONG),
    }))
    .unwrap();
    let replicas = replicas(&server, &["/200", "/18", "/60"]);
    let agent = Agent::new_with_defaults().policy(RACE).with_report();
    let mut answer = agent.get(&replicas[0]).replicas(&replicas).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "18");
    let report = answer.extensions().get::<Report>().unwrap();
    assert_eq!((report.attempts, report.hedges, report.winner.unwrap().lane), (3, 2, 1));
    let targets: Vec<_> = report.log.entries().iter().map(|entry| &entry.detail.as_ref().unwrap().target).collect();
    assert_eq!(targets, replicas.iter().collect::<Vec<_>>(), "those that lost are told too");
    assert_eq!(ends(report), [AttemptEnd::Lost, AttemptEnd::Accept, AttemptEnd::Lost]);
    assert!(server.wait_until(|seen| seen.disconnects() == 2, LONG));
    assert_eq!(server.request_count(), 3, "a cancelled attempt is not retried");
}

#[test]
fn a_loser_on_a_pooled_connection_is_cancelled_without_harm_to_a_sibling() {
    let raced = together(2, |path| match path {
        "/fast" => Answer::ok("fast").after(Duration::from_millis(20)),
        _ => Answer::never(),
    });
    let server = Server::start(
        Script::paths()
            .path("/warm", Answer::ok("warm"))
            .path("/sibling", Answer::ok("sibling").after(Duration::from_millis(300)))
            .otherwise(raced),
    )
    .unwrap();
    let agent = Agent::new_with_defaults();
    std::thread::scope(|scope| {
        // Three connections in the pool.
        let warm: Vec<_> = (0..3).map(|_| agent.get(server.at("/warm")).call().unwrap()).collect();
        for mut answer in warm {
            answer.body_mut().read_to_string().unwrap();
        }
        assert_eq!(server.connections(), 3);

        let sibling = scope.spawn(|| agent.get(server.at("/sibling")).call().unwrap().body_mut().read_to_string());
        assert!(server.wait_until(|seen| seen.hits("/sibling") == 1, LONG));
        let replicas = replicas(&server, &["/never", "/fast"]);
        let race = RACE.lanes(2).attempts(2);
        let mut answer = agent.get(&replicas[0]).policy(race).replicas(&replicas).call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "fast");
        assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG));
        assert_eq!(sibling.join().unwrap().unwrap(), "sibling");
    });
    assert_eq!(server.connections(), 3, "the race used what was in the pool");
    assert_eq!(agent.get(server.at("/warm")).call().unwrap().body_mut().read_to_string().unwrap(), "warm");
}

#[test]
fn a_hedge_opens_when_the_first_attempt_is_slow() {
    let server = Server::start([Answer::never(), Answer::ok("hedge")]).unwrap();
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20));
    let mut answer = insist_ureq::get(server.url()).policy(policy).with_report().call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "hedge");
    assert_eq!(answer.extensions().get::<Report>().unwrap().hedges, 1);
    assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG));
}

#[test]
fn a_race_that_nobody_wins_gives_what_ureq_gives() {
    let server = Server::start(Answer::status(503).body("busy")).unwrap();
    let result = insist_ureq::get(server.url()).policy(RACE).call();
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    assert_eq!(server.request_count(), 3);

    let server = Server::start(Answer::never()).unwrap();
    let slot = ReportSlot::new();
    let policy = RACE.attempt_timeout(Duration::from_millis(30));
    let result = insist_ureq::get(server.url()).policy(policy).report_to(&slot).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
    let report = slot.take().unwrap();
    assert_eq!((report.attempts, report.reason), (3, Some(Reason::Attempts)));
    assert_eq!(ends(&report), [AttemptEnd::Timeout; 3]);

    let policy = RACE.deadline(Duration::from_millis(30));
    let result = insist_ureq::get(server.url()).policy(policy).report_to(&slot).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::Global))), "{result:?}");
    assert_eq!(ends(&slot.take().unwrap()), [AttemptEnd::Deadline; 3]);
    assert!(server.wait_until(|seen| seen.open_connections() == 0, LONG));
}

#[test]
fn what_may_not_be_repeated_is_not_raced() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    insist_ureq::post(server.url()).policy(RACE).send("x").unwrap();
    assert_eq!(server.request_count(), 1);
    insist_ureq::put(server.url()).policy(RACE.attempts(2).lanes(2)).send("x").unwrap();
    assert!(server.wait_until(|seen| seen.connections() >= 2, LONG));
}

#[test]
fn a_body_that_goes_to_several_lanes_is_whole_in_each() {
    let server = Server::start([Answer::status(503), Answer::status(503), Answer::ok("hello")]).unwrap();
    insist_ureq::put(server.url()).policy(RACE).send("hello").unwrap();
    assert!(server.requests().iter().all(|request| request.body == b"hello"));
}
