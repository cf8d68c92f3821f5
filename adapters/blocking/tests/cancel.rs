//! Cancelling: waits end at once, what is in flight is told, and nothing stays registered.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use insist_blocking::{
    Action, CancelReason, Canceller, Decision, Policy, Reason, VirtualClock, WaitReason, race, retry,
};

/// Nobody waits this long: a call that ends has not slept through its wait.
const LONG: Duration = Duration::from_secs(3600);
const PATIENT: Policy = Policy::constant(LONG).attempts(5);

/// Blocks until the attempt is cancelled.
fn hang(attempt: &insist_blocking::LiveAttempt<'_>) {
    let (sender, receiver) = channel();
    attempt.on_cancel(move || sender.send(()).unwrap());
    receiver.recv_timeout(Duration::from_secs(60)).expect("it is told");
    assert!(attempt.is_cancelled());
    assert_eq!(attempt.cancel_reason(), Some(CancelReason::Cancelled));
}

#[test]
fn a_cancel_during_a_wait_ends_it_at_once() {
    let (canceller, mut runs) = (Canceller::new(), 0);
    let other = canceller.clone();
    let gave_up = retry(&PATIENT, |_| {
        runs += 1;
        Err::<(), _>("down")
    })
    .cancel_with(&canceller)
    .notify(|event| {
        if matches!(event.decision, Decision::Action(Action::Wait { .. })) {
            let other = other.clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(5));
                other.cancel();
            });
        }
    })
    .try_call()
    .unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.last, Some(Err("down")));
    assert_eq!(runs, 1);
}

#[test]
fn a_wait_that_nobody_cancels_is_waited_out() {
    let canceller = Canceller::new();
    let policy = Policy::constant(Duration::from_millis(10));
    let started = Instant::now();
    let call = retry(&policy, |attempt| if attempt.id < 3 { Err(()) } else { Ok(attempt.id) }).cancel_with(&canceller);
    assert_eq!(call.try_call().ok(), Some(3));
    assert!(started.elapsed() >= Duration::from_millis(20));
}

#[test]
fn a_call_that_is_cancelled_before_it_starts_sends_nothing() {
    let canceller = Canceller::new();
    canceller.cancel();
    let mut runs = 0;
    let gave_up = retry(&PATIENT, |_| {
        runs += 1;
        Ok::<_, ()>(())
    });
    let gave_up = gave_up.cancel_with(&canceller).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.attempts, 0);
    assert_eq!(gave_up.last, None);
    assert_eq!(runs, 0);

    let gave_up = race(&PATIENT.lanes(2), |_| Ok::<_, ()>(())).cancel_with(&canceller).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.attempts, 0);
}

#[test]
fn an_operation_on_the_callers_thread_is_told_of_a_cancel() {
    let canceller = Canceller::new();
    let other = canceller.clone();
    let gave_up = retry(&PATIENT, |attempt| {
        let other = other.clone();
        thread::spawn(move || other.cancel());
        hang(attempt);
        Err::<(), _>("interrupted")
    })
    .cancel_with(&canceller)
    .try_call()
    .unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.last, Some(Err("interrupted")));
}

#[test]
fn a_cancel_between_retries_without_delay_ends_the_call() {
    let (canceller, clock, mut runs) = (Canceller::new(), VirtualClock::new(), 0);
    let policy = Policy::zero().attempts(1000);
    let gave_up = retry(&policy, |_| {
        runs += 1;
        if runs == 3 {
            canceller.cancel();
        }
        Err::<(), _>(())
    });
    let gave_up = gave_up.cancel_with(&canceller).clock(&clock).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(runs, 3);
}

#[test]
fn a_success_counts_though_the_call_was_cancelled_meanwhile() {
    let canceller = Canceller::new();
    let result = retry(&PATIENT, |_| {
        canceller.cancel();
        Ok::<_, ()>("done")
    });
    assert_eq!(result.cancel_with(&canceller).try_call().ok(), Some("done"));
}

#[test]
fn a_virtual_clock_does_not_sleep_for_a_call_that_is_cancelled() {
    let (canceller, clock) = (Canceller::new(), VirtualClock::new());
    let gave_up = retry(&PATIENT, |_| {
        canceller.cancel();
        Err::<(), _>(())
    });
    let gave_up = gave_up.cancel_with(&canceller).clock(&clock).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[test]
fn a_cancel_during_a_race_tells_every_attempt_and_ends_the_call() {
    let canceller = Canceller::new();
    let (told, hears) = channel();
    let (started, starts) = channel();
    let other = canceller.clone();
    thread::spawn(move || {
        for _ in 0..3 {
            starts.recv().unwrap();
        }
        other.cancel();
    });
    let gave_up = race(&PATIENT.lanes(3), move |attempt| {
        started.send(()).unwrap();
        hang(attempt);
        told.send(attempt.id).unwrap();
        Err::<(), _>(())
    })
    .cancel_with(&canceller)
    .try_call()
    .unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.attempts, 3);
    assert_eq!(gave_up.last, None);
    let mut heard: Vec<u32> = (0..3).map(|_| hears.recv_timeout(Duration::from_secs(60)).unwrap()).collect();
    heard.sort_unstable();
    assert_eq!(heard, [1, 2, 3]);
}

#[test]
fn a_cancel_during_a_races_backoff_ends_it_at_once() {
    let canceller = Canceller::new();
    let other = canceller.clone();
    let gave_up = race(&PATIENT.lanes(2), |_| Err::<(), _>("down"))
        .cancel_with(&canceller)
        .notify(|event| {
            // Both have failed, and wait.
            if matches!(event.decision, Decision::Action(Action::Wait { reason: WaitReason::Backoff, .. })) {
                let other = other.clone();
                thread::spawn(move || other.cancel());
            }
        })
        .try_call()
        .unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.last, Some(Err("down")));
}

#[test]
fn what_an_attempt_registers_is_forgotten_when_it_ends() {
    let canceller = Canceller::new();
    let runs = Arc::new(AtomicU32::new(0));
    let mut owned: Vec<Weak<()>> = Vec::new();
    for _ in 0..10 {
        let result = retry(&PATIENT, |attempt| {
            let (runs, token) = (Arc::clone(&runs), Arc::new(()));
            owned.push(Arc::downgrade(&token));
            attempt.on_cancel(move || {
                drop(token);
                runs.fetch_add(1, Ordering::SeqCst);
            });
            Ok::<_, ()>(())
        });
        assert!(result.cancel_with(&canceller).try_call().is_ok());
    }
    assert!(owned.iter().all(|token| token.strong_count() == 0), "a canceller grew with its calls");
    canceller.cancel();
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_registered_in_a_cancelled_attempt_runs_at_once() {
    let canceller = Canceller::new();
    let mut ran = None;
    let result = retry(&PATIENT, |attempt| {
        canceller.cancel();
        let (sender, receiver) = channel();
        attempt.on_cancel(move || sender.send("ran").unwrap());
        ran = receiver.try_recv().ok();
        Ok::<_, ()>(())
    });
    assert!(result.cancel_with(&canceller).try_call().is_ok());
    assert_eq!(ran, Some("ran"));
}
