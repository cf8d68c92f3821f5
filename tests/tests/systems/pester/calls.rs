//! Calls that are cancelled, and what is known of a call: its log and its report are its own.

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use insist_blocking::{
    Action, Canceller, Decision, Event, Jitter, LiveAttempt, Policy, Reason, Verdict, VirtualClock, WaitReason, race,
    retry,
};
use insist_flaky::{Answer, Script, Server};
use insist_tests::words::{LONG, ms};
use insist_ureq::http::Response;
use insist_ureq::insisting::{Report, ReportSlot};
use insist_ureq::{Body, Error, Insist};

use super::{agent, lenient, text};

const PATIENT: Policy = Policy::constant(LONG).floor(LONG);

fn judge(outcome: &Result<Response<Body>, Error>) -> Verdict {
    match outcome {
        Ok(answer) if answer.status() == 503 => Verdict::retry(),
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::Stop,
    }
}

/// Fault P11, sethgrid/pester #26, sethgrid/pester #44: the response that came with the error was closed.
#[test]
fn a_call_that_is_cancelled_in_its_backoff_ends_at_once_and_its_last_response_can_be_read() {
    let server = Server::start(Answer::status(503).body("busy")).unwrap();
    let agent = lenient(Policy::zero().attempts(1));
    let canceller = Canceller::new();
    let started = Instant::now();
    let (tells, hears) = channel();
    let gave_up = thread::scope(|scope| {
        let other = canceller.clone();
        scope.spawn(move || {
            hears.recv_timeout(LONG).unwrap();
            thread::sleep(ms(20)); // so that the caller waits by then
            other.cancel();
        });
        retry(&PATIENT, |_| agent.get(server.url()).call())
            .judge(judge)
            .notify(|event: &Event<'_, _, _>| {
                if matches!(event.decision, Decision::Action(Action::Wait { reason: WaitReason::Backoff, .. })) {
                    tells.send(()).unwrap();
                }
            })
            .cancel_with(&canceller)
            .report()
            .0
            .unwrap_err()
    });
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.attempts, 1);
    assert_eq!(text(gave_up.last.unwrap().unwrap()), "busy");
    assert!(started.elapsed() < LONG);
    assert_eq!(server.request_count(), 1);
}

/// Fault sethgrid/pester #26, sethgrid/pester #44: the lanes of a race that wait in their backoffs end too.
#[test]
fn a_race_that_is_cancelled_in_its_backoffs_ends_at_once() {
    let policy = PATIENT.lanes(3).attempts(9);
    let canceller = Canceller::new();
    let started = Instant::now();
    let (tells, hears) = channel();
    let gave_up = thread::scope(|scope| {
        let other = canceller.clone();
        scope.spawn(move || {
            (0..3).for_each(|_| hears.recv_timeout(LONG).unwrap());
            thread::sleep(ms(20)); // so that the caller waits by then
            other.cancel();
        });
        race(&policy, |_: &LiveAttempt<'_>| Err::<(), _>("down"))
            .notify(|event: &Event<'_, _, _>| {
                if matches!(event.decision, Decision::Judged(_)) {
                    tells.send(()).unwrap();
                }
            })
            .cancel_with(&canceller)
            .try_call()
            .unwrap_err()
    });
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.attempts, 3);
    assert_eq!(gave_up.last, Some(Err("down")));
    assert!(started.elapsed() < LONG);
}

/// Fault sethgrid/pester #28: a call whose context had ended before hung.
#[test]
fn a_call_that_is_cancelled_beforehand_sends_nothing_and_ends() {
    let canceller = Canceller::new();
    canceller.cancel();
    let one = retry(&PATIENT, |_| Ok::<_, &str>("sent")).cancel_with(&canceller).try_call().unwrap_err();
    let policy = PATIENT.lanes(2);
    let many = race(&policy, |_| Ok::<_, &str>("sent")).cancel_with(&canceller).try_call().unwrap_err();
    for gave_up in [one, many] {
        assert_eq!(gave_up.reason, Reason::Cancelled);
        assert_eq!(gave_up.attempts, 0);
        assert_eq!(gave_up.last, None);
    }
}

/// Fault sethgrid/pester #44: the end of a context's time, in its backoff.
#[test]
fn a_backoff_that_the_deadline_would_cut_short_is_not_begun() {
    let server = Server::start(Answer::status(503).body("busy")).unwrap();
    let started = Instant::now();
    let answer = lenient(PATIENT.deadline(LONG)).get(server.url()).call().unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    assert_eq!(text(answer).as_str(), "busy");
    assert_eq!(server.request_count(), 1);
    assert!(started.elapsed() < LONG);
}

/// Fault P13: the log grew with every call of a client.
#[test]
fn a_log_is_bounded_and_of_one_call() {
    let server = Server::start(Answer::status(503)).unwrap();
    let slot = ReportSlot::new();
    let agent = agent(Policy::zero().attempts(100)).report_to(&slot);
    for _ in 0..2 {
        agent.get(server.url()).call().unwrap_err();
        let log = slot.take().unwrap().log;
        assert_eq!(log.entries().len(), 64);
        assert_eq!(log.dropped(), 36);
        assert!(log.entries().iter().map(|entry| entry.attempt).eq(1..=64));
    }
}

/// Fault P13: whoever kept the log was not shown its entries.
#[test]
fn a_hook_sees_every_decision_beside_the_log() {
    let server = Server::start([Answer::status(503), Answer::reset(), Answer::ok("hello")]).unwrap();
    let (slot, sent) = (ReportSlot::new(), Arc::new(Mutex::new(Vec::new())));
    let noted = Arc::clone(&sent);
    let hook = move |event: &Event<'_, _, _>| {
        if let Decision::Action(Action::Send(attempt)) = event.decision {
            noted.lock().unwrap().push((attempt.id, event.at));
        }
    };
    agent(Policy::zero()).get(server.url()).notify(hook).report_to(&slot).call().unwrap();
    let log = slot.take().unwrap().log;
    let logged: Vec<_> = log.entries().iter().map(|entry| (entry.attempt, entry.sent)).collect();
    assert_eq!(logged.len(), 3);
    assert_eq!(&logged, &*sent.lock().unwrap());
}

/// Fault P16: pester's README counted the retries of its lines from 0, its code from 1.
#[test]
fn a_line_of_the_log_is_as_documented() {
    let policy = Policy::constant(ms(100)).jitter(Jitter::None);
    let clock = VirtualClock::new();
    let (_, report) = retry(&policy, |attempt| {
        clock.advance(ms(18));
        if attempt.id == 1 { Err("connection reset") } else { Ok(200) }
    })
    .clock(&clock)
    .report_with(|outcome| outcome.map_or_else(str::to_owned, |status| format!("status {status}")));
    assert_eq!(
        report.log.to_string(),
        "attempt 1 (first in lane 0): sent at 0ns, ended at 18ms: retry (connection reset)\n\
         attempt 2 (retry in lane 0): sent at 118ms, ended at 136ms: accept (status 200)\n"
    );
}

/// The wait that an event begins, if it is a backoff.
fn backoff<T, E>(event: &Event<'_, T, E>) -> Option<Duration> {
    match event.decision {
        Decision::Action(Action::Wait { until: Some(until), reason: WaitReason::Backoff }) => {
            Some(until.saturating_since(event.at))
        }
        _ => None,
    }
}

/// Fault P4, sethgrid/pester #14: there is no generator to share; each call has its seed.
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

/// Fault P4.
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

/// Fault P12, sethgrid/pester #14, sethgrid/pester #19: the counts were the client's, and the call that ended last had
/// written them.
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
        assert_eq!(report.attempts, failures + 1);
        assert_eq!(report.retries, failures);
        assert_eq!(report.winner.unwrap().attempt, failures + 1);
        let targets: Vec<_> = report.log.entries().iter().map(|entry| &entry.detail.as_ref().unwrap().target).collect();
        assert_eq!(targets, replicas.iter().collect::<Vec<_>>());
    }
}

/// Fault P12: a failure had set the counts of the successes to 0.
#[test]
fn a_report_stays_as_it_is_when_the_agent_goes_on() {
    let server = Server::start([Answer::status(503), Answer::ok("hello"), Answer::status(503)]).unwrap();
    let agent = agent(Policy::zero()).with_report();
    let answer = agent.get(server.url()).call().unwrap();
    let before = answer.extensions().get::<Report>().unwrap().clone();
    agent.get(server.url()).call().unwrap_err();
    assert_eq!(answer.extensions().get::<Report>(), Some(&before));
    assert_eq!(before.attempts, 2);
    assert_eq!(before.retries, 1);
    assert_eq!(text(answer), "hello");
}
