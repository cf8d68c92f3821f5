//! Replicas whose health is shared: one that failed is passed over, and comes back.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_ureq::http::Uri;
use insist_ureq::insisting::{Policy, ReplicaSet, Report, ReportSlot};
use insist_ureq::{Agent, Error, Insist};

const POLICY: Policy = Policy::constant(Duration::from_millis(1)).attempts(3);
const RACE: Policy = Policy::zero().lanes(3).attempts(3);
/// A name that nobody has: every attempt goes elsewhere.
const SERVICE: &str = "http://service.invalid/doc?x=y";
const LONG: Duration = Duration::from_secs(30);

fn servers<const N: usize>(answers: [fn() -> Answer; N]) -> [Server; N] {
    answers.map(|answer| Server::start(answer()).unwrap())
}

fn busy() -> Answer {
    Answer::status(503)
}

fn hello() -> Answer {
    Answer::ok("hello")
}

fn set(servers: &[Server]) -> ReplicaSet {
    ReplicaSet::new(servers.iter().map(Server::url)).unwrap()
}

fn agent(set: &ReplicaSet) -> Agent {
    Agent::new_with_defaults().policy(POLICY).replica_set(set)
}

fn counts(servers: &[Server]) -> Vec<usize> {
    servers.iter().map(Server::request_count).collect()
}

fn targets(report: &Report) -> Vec<String> {
    report.log.entries().iter().map(|entry| entry.detail.as_ref().unwrap().target.clone()).collect()
}

fn resting(set: &ReplicaSet) -> Vec<String> {
    set.resting().map(Uri::to_string).collect()
}

#[test]
fn a_replica_that_failed_is_passed_over_by_the_next_calls() {
    let servers = servers([busy, hello]);
    let set = set(&servers);
    let agent = agent(&set);
    for seed in 0..40 {
        agent.get(SERVICE).seed(seed).call().unwrap();
    }
    assert_eq!(counts(&servers), [1, 40], "some seed of 40 begins at the first");
    assert_eq!(resting(&set), [servers[0].at("/")]);
    assert!(servers[1].requests().iter().all(|request| request.path == "/doc?x=y"));
}

#[test]
fn a_retry_goes_to_a_replica_that_the_call_has_not_tried_and_the_report_says_where() {
    let servers = servers([busy, busy, hello]);
    for seed in 0..10 {
        let agent = agent(&set(&servers));
        let answer = agent.get(SERVICE).seed(seed).with_report().call().unwrap();
        let report = answer.extensions().get::<Report>().unwrap();
        assert_eq!(report.seed, seed);
        let targets = targets(report);
        assert_eq!(targets.iter().collect::<BTreeSet<_>>().len(), targets.len(), "{targets:?}");
        assert_eq!(targets.last(), Some(&servers[2].at("/doc?x=y")));
    }
}

#[test]
fn calls_without_a_seed_begin_at_different_replicas() {
    let servers = servers([hello, hello]);
    let agent = agent(&set(&servers));
    let limit = 200;
    (0..limit).for_each(|_| drop(agent.get(SERVICE).call().unwrap()));
    let counts = counts(&servers);
    assert!(counts.iter().all(|count| *count > limit / 10), "{counts:?}");
}

#[test]
fn a_replica_comes_back_after_its_rest() {
    let server = Server::start([busy(), hello()]).unwrap();
    let other = Server::start(hello()).unwrap();
    let set = ReplicaSet::new([server.url(), other.url()]).unwrap().rest(Duration::from_millis(40));
    let agent = agent(&set);
    let mut seed = 0;
    while server.request_count() < 2 {
        assert!(seed < 10_000, "it never came back");
        agent.get(SERVICE).seed(seed).call().unwrap();
        std::thread::sleep(Duration::from_millis(1));
        seed += 1;
    }
    assert_eq!(resting(&set), [""; 0]);
}

#[test]
fn when_all_replicas_rest_all_are_tried() {
    let servers = servers([busy, busy, busy]);
    let set = set(&servers);
    for _ in 0..2 {
        let result = agent(&set).get(SERVICE).call();
        assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    }
    assert_eq!((resting(&set).len(), counts(&servers)), (3, vec![2; 3]));
}

#[test]
fn a_race_asks_each_replica_once_in_the_order_of_its_seed_and_a_loser_is_told_and_does_not_rest() {
    let barriers = std::sync::Arc::new(Barrier::new(3));
    let servers = [0, 1, 2].map(|index| {
        let barriers = std::sync::Arc::clone(&barriers);
        let answer = move |_: &insist_flaky::Request, _: usize| {
            barriers.wait();
            if index == 1 { hello() } else { Answer::never() }
        };
        Server::start(Script::each(answer)).unwrap()
    });
    for seed in [1, 7] {
        let runs = [(); 2].map(|()| {
            let set = set(&servers);
            let answer = agent(&set).get(SERVICE).policy(RACE).seed(seed).with_report().call().unwrap();
            assert_eq!(resting(&set), [""; 0]);
            targets(answer.extensions().get::<Report>().unwrap())
        });
        assert_eq!(runs[0], runs[1]);
        assert_eq!(runs[0].iter().collect::<BTreeSet<_>>().len(), 3);
    }
    assert_eq!(counts(&servers), [4; 3]);
}

#[test]
fn a_replica_that_takes_too_long_rests_on_the_callers_thread_and_in_a_race() {
    let limit = Duration::from_millis(30);
    for policy in [POLICY.attempt_timeout(limit), RACE.attempt_timeout(limit), RACE.deadline(limit)] {
        let servers = servers([Answer::never, Answer::never, Answer::never]);
        let set = set(&servers);
        let result = agent(&set).get(SERVICE).policy(policy).call();
        assert!(matches!(result, Err(Error::Timeout(_))), "{result:?}");
        assert_eq!(resting(&set).len(), 3);
    }
}

#[test]
fn a_hedge_goes_to_another_replica() {
    let servers = servers([Answer::never, Answer::never]);
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20)).deadline(LONG);
    let set = set(&servers);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| agent(&set).get(SERVICE).policy(policy).call());
        assert!(servers.iter().all(|server| server.wait_until(|seen| seen.request_count() == 1, LONG)));
        servers.iter().for_each(Server::stop);
        call.join().unwrap().unwrap_err();
    });
}

#[test]
fn of_a_set_and_a_list_the_last_counts_and_a_request_says_more_than_its_agent() {
    let servers = servers([hello, hello]);
    let [one, two] = &servers;
    let agent = agent(&ReplicaSet::new([one.url()]).unwrap());
    agent.get(SERVICE).call().unwrap();
    agent.get(SERVICE).replicas([two.at("/listed")]).call().unwrap();
    agent.replicas([one.url()]).get(SERVICE).replica_set(&ReplicaSet::new([two.at("/api")]).unwrap()).call().unwrap();
    assert_eq!(one.request_count(), 1);
    assert_eq!((two.hits("/listed"), two.hits("/api/doc?x=y")), (1, 1));
}

#[test]
fn a_post_that_may_have_been_sent_goes_to_one_replica_and_makes_it_rest() {
    let servers = servers([busy, busy]);
    let set = set(&servers);
    let slot = ReportSlot::new();
    agent(&set).post(SERVICE).policy(RACE).report_to(&slot).send("x").unwrap_err();
    assert_eq!(counts(&servers).iter().sum::<usize>(), 1);
    let report = slot.take().unwrap();
    assert!(targets(&report)[0].starts_with(&resting(&set)[0]));
}

fn asks_for_a_minute() -> Answer {
    Answer::status(503).header("Retry-After", "60")
}

fn asks_for_an_hour() -> Answer {
    Answer::status(503).header("Retry-After", "3600")
}

/// The policy waits for no hint at all, so a call that goes on has waited for none.
const WAITS_FOR_NONE: Policy = POLICY.hint_limit(Duration::ZERO);

#[test]
fn a_retry_after_is_about_its_own_replica() {
    let servers = servers([asks_for_a_minute, hello]);
    let listed = || Agent::new_with_defaults().policy(WAITS_FOR_NONE).replicas(servers.iter().map(Server::url));
    assert_eq!(listed().get(SERVICE).call().unwrap().status(), 200);
    assert_eq!(counts(&servers), [1, 1]);
    let set = set(&servers);
    let agent = agent(&set).policy(WAITS_FOR_NONE);
    for seed in 0..20 {
        assert_eq!(agent.get(SERVICE).seed(seed).call().unwrap().status(), 200);
    }
    assert_eq!(servers[0].request_count(), 2, "it was asked once, and left alone by the later calls");
}

#[test]
fn a_call_waits_only_if_every_replica_asks_for_a_wait_and_then_for_the_first() {
    let servers = servers([asks_for_an_hour, asks_for_a_minute]);
    let agent = Agent::new_with_defaults().policy(WAITS_FOR_NONE).replicas(servers.iter().map(Server::url));
    let slot = ReportSlot::new();
    let answer = agent.get(SERVICE).report_to(&slot).config().http_status_as_error(false).build().call().unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(counts(&servers), [1, 1]);
    let report = slot.take().unwrap();
    let hint = report.hint.unwrap();
    assert!((Duration::from_secs(50)..=Duration::from_secs(60)).contains(&hint), "{hint:?}");
}
