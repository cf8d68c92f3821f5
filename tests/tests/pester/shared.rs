//! One agent for many threads: calls at the same time have nothing of each other.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use insist_blocking::{Action, Decision, Event, VirtualClock, WaitReason, retry};
use insist_flaky::{Answer, Script, Server};
use insist_ureq::Insist;
use insist_ureq::insisting::{Jitter, Policy, Report, ReportSlot};

use crate::{agent, ms, text};

/// The wait that an event begins, if it is a backoff.
fn backoff<T, E>(event: &Event<'_, T, E>) -> Option<Duration> {
    match event.decision {
        Decision::Action(Action::Wait { until: Some(until), reason: WaitReason::Backoff }) => {
            Some(until.saturating_since(event.at))
        }
        _ => None,
    }
}

// P4, #14: there is no generator to share; each call has its seed.
#[test]
fn the_waits_of_a_call_come_from_its_seed_whichever_threads_use_the_agent() {
    let server = Server::start(Answer::status(503)).unwrap();
    let policy = Policy::constant(ms(2)).jitter(Jitter::Full).attempts(4);
    let agent = agent(policy);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (agent, server) = (&agent, &server);
            scope.spawn(move || {
                for seed in 10 * thread..10 * thread + 5 {
                    let waits = Arc::new(Mutex::new(Vec::new()));
                    let noted = Arc::clone(&waits);
                    let hook = move |event: &Event<'_, _, _>| noted.lock().unwrap().extend(backoff(event));
                    agent.get(server.url()).seed(seed).notify(hook).call().unwrap_err();
                    assert_eq!(*waits.lock().unwrap(), policy.delays(seed).collect::<Vec<_>>());
                }
            });
        }
    });
}

// P4
#[test]
fn a_policy_that_many_threads_share_gives_each_seed_the_same_waits_every_time() {
    let policy = Policy::exponential(ms(100)).attempts(6);
    let waited = |seed| {
        let clock = VirtualClock::new();
        retry(&policy, |_| Err::<(), _>("down")).seed(seed).clock(&clock).call().unwrap_err();
        clock.elapsed()
    };
    let expected: Vec<_> = (0..100).map(waited).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!((0..100).map(waited).eq(expected.iter().copied())));
        }
    });
}

// P12, #14, #19: the counts were the client's, and the call that ended last had written them.
#[test]
fn reports_of_calls_at_the_same_time_do_not_mix() {
    // The first attempts of all four meet at the server.
    let meet = Barrier::new(4);
    let answers = Script::each(move |request, number| {
        if number <= 4 {
            meet.wait();
        }
        if request.path.ends_with("/ok") { Answer::ok("ok") } else { Answer::status(503) }
    });
    let server = Server::start(answers).unwrap();
    let agent = agent(Policy::zero().attempts(10));
    let reports = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for failures in 0..4 {
            let (agent, server, reports) = (&agent, &server, &reports);
            scope.spawn(move || {
                let path = |last: &str| server.at(&format!("/{failures}/{last}"));
                let replicas: Vec<_> = (0..failures).map(|_| path("busy")).chain([path("ok")]).collect();
                let slot = ReportSlot::new();
                agent.get(&replicas[0]).replicas(&replicas).report_to(&slot).call().unwrap();
                reports.lock().unwrap().push((failures, replicas, slot.take().unwrap()));
            });
        }
    });
    for (failures, replicas, report) in reports.into_inner().unwrap() {
        assert_eq!((report.attempts, report.retries), (failures + 1, failures));
        assert_eq!(report.winner.unwrap().attempt, failures + 1);
        let targets: Vec<_> = report.log.entries().iter().map(|entry| &entry.detail.as_ref().unwrap().target).collect();
        assert_eq!(targets, replicas.iter().collect::<Vec<_>>());
    }
}

// P12: a failure had set the counts of the successes to 0.
#[test]
fn a_report_stays_as_it_is_when_the_agent_goes_on() {
    let server = Server::start([Answer::status(503), Answer::ok("hello"), Answer::status(503)]).unwrap();
    let agent = agent(Policy::zero()).with_report();
    let answer = agent.get(server.url()).call().unwrap();
    let before = answer.extensions().get::<Report>().unwrap().clone();
    agent.get(server.url()).call().unwrap_err();
    assert_eq!(answer.extensions().get::<Report>(), Some(&before));
    assert_eq!((before.attempts, before.retries), (2, 1));
    assert_eq!(text(answer), "hello");
}
