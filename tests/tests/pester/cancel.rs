//! Calls that are cancelled, or whose time runs out, while they wait.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use insist_blocking::{
    Action, Canceller, Decision, Event, LiveAttempt, Policy, Reason, Verdict, WaitReason, race, retry,
};
use insist_flaky::{Answer, Server};
use insist_ureq::http::Response;
use insist_ureq::{Body, Error};

use crate::{LONG, lenient, ms, text};

const PATIENT: Policy = Policy::constant(LONG).floor(LONG);

fn judge(outcome: &Result<Response<Body>, Error>) -> Verdict {
    match outcome {
        Ok(answer) if answer.status() == 503 => Verdict::retry(),
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::Stop,
    }
}

// P11, #26, #44: the response that came with the error was closed.
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
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Cancelled, 1));
    assert_eq!(text(gave_up.last.unwrap().unwrap()), "busy");
    assert!(started.elapsed() < LONG);
    assert_eq!(server.request_count(), 1);
}

// #26, #44: the lanes of a race that wait in their backoffs end too.
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
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (Reason::Cancelled, 3, Some(Err("down"))));
    assert!(started.elapsed() < LONG);
}

// #28: a call whose context had ended before hung.
#[test]
fn a_call_that_is_cancelled_beforehand_sends_nothing_and_ends() {
    let canceller = Canceller::new();
    canceller.cancel();
    let one = retry(&PATIENT, |_| Ok::<_, &str>("sent")).cancel_with(&canceller).try_call().unwrap_err();
    let policy = PATIENT.lanes(2);
    let many = race(&policy, |_| Ok::<_, &str>("sent")).cancel_with(&canceller).try_call().unwrap_err();
    for gave_up in [one, many] {
        assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (Reason::Cancelled, 0, None));
    }
}

// #44: the end of a context's time, in its backoff.
#[test]
fn a_backoff_that_the_deadline_would_cut_short_is_not_begun() {
    let server = Server::start(Answer::status(503).body("busy")).unwrap();
    let started = Instant::now();
    let answer = lenient(PATIENT.deadline(LONG)).get(server.url()).call().unwrap();
    assert_eq!((answer.status().as_u16(), text(answer).as_str()), (503, "busy"));
    assert_eq!(server.request_count(), 1);
    assert!(started.elapsed() < LONG);
}
