//! `race`: who wins, who is told, and what ends a call whose attempts hang.

mod losers;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use insist_blocking::{Action, CancelReason, Decision, LANES, LiveAttempt, Policy, Reason, Repeat, Verdict, race};

use losers::{hang, heard};

const RACE: Policy = Policy::zero().lanes(3);
/// Nobody waits this long: a call that ends has not waited for it.
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn the_first_success_is_returned_and_the_losers_are_cancelled() {
    let (told, hears) = channel();
    let (winner, report) = race(&RACE, move |attempt| {
        if attempt.lane != 2 {
            hang(attempt, &told);
        }
        Ok::<_, ()>(attempt.id)
    })
    .report();
    assert_eq!(winner.ok(), Some(3));
    assert_eq!(report.attempts, 3);
    assert_eq!(report.hedges, 2);
    assert_eq!(heard(&hears, 2), [1, 2]);
}

#[test]
fn a_loser_that_does_not_stop_does_not_hold_up_the_winner() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let winner = race(&RACE, move |attempt| {
        if attempt.lane == 0 {
            // Held until the call has ended, deaf to its cancel.
            _ = released.lock().unwrap().recv();
        }
        Ok::<_, ()>(attempt.lane)
    })
    .try_call();
    drop(release);
    assert_ne!(winner.unwrap(), 0);
}

#[test]
fn a_failing_lane_does_not_end_a_race_that_another_may_win() {
    let (failed, fails) = channel::<()>();
    let fails = Mutex::new(fails);
    let policy = Policy::zero().lanes(2).lane_attempts(1);
    let failed = Mutex::new(Some(failed));
    let result = race(&policy, move |attempt| {
        if attempt.lane == 0 {
            drop(failed.lock().unwrap().take());
            return Err("down");
        }
        // Waits until the other has failed, and then some.
        _ = fails.lock().unwrap().recv();
        thread::sleep(Duration::from_millis(5));
        Ok("up")
    })
    .try_call();
    assert_eq!(result.ok(), Some("up"));
}

#[test]
fn a_success_wins_over_every_earlier_failure() {
    let policy = Policy::zero().lanes(3).attempts(6);
    let result = race(&policy, |attempt| if attempt.id < 6 { Err(attempt.id) } else { Ok(attempt.id) }).try_call();
    assert_eq!(result.ok(), Some(6));
}

#[test]
fn a_race_whose_lanes_all_fail_gives_the_last_error() {
    let (result, report) = race(&RACE.attempts(7), |attempt| Err::<(), _>(attempt.id)).report();
    let gave_up = result.unwrap_err();
    assert_eq!(gave_up.reason, Reason::Attempts);
    assert_eq!(gave_up.attempts, 7);
    let last = report.log.entries().iter().filter(|entry| entry.end.is_some()).count();
    assert_eq!(last, 7, "all have ended");
    assert!(matches!(gave_up.last, Some(Err(1..=7))));
}

#[test]
fn an_outcome_that_is_a_stop_ends_the_race() {
    let (told, hears) = channel();
    let gave_up = race(&RACE, move |attempt| {
        if attempt.lane != 2 {
            hang(attempt, &told);
        }
        Err::<(), _>("forbidden")
    })
    .when(|_| false)
    .try_call()
    .unwrap_err();
    assert_eq!(gave_up.reason, Reason::Stopped);
    assert_eq!(gave_up.last, Some(Err("forbidden")));
    assert_eq!(heard(&hears, 2), [1, 2]);
}

#[test]
fn a_hedge_opens_after_its_delay_and_the_loser_is_cancelled() {
    let policy = Policy::zero().lanes(2).hedge_after(Duration::from_millis(20));
    let (told, hears) = channel();
    let mut opened = Vec::new();
    let winner = race(&policy, move |attempt| {
        if attempt.id == 1 {
            hang(attempt, &told);
        }
        Ok::<_, ()>((attempt.id, attempt.kind.as_str()))
    })
    .notify(|event| {
        if let Decision::Action(Action::Send(_)) = event.decision {
            opened.push(event.at);
        }
    })
    .try_call();
    assert_eq!(winner.ok(), Some((2, "hedge")));
    assert!(opened[1].saturating_since(opened[0]) >= Duration::from_millis(20));
    assert_eq!(heard(&hears, 1), [1]);
}

#[test]
fn a_hedge_does_not_open_where_the_first_answers_in_time() {
    let (_, report) = race(&Policy::zero().lanes(2).hedge_after(LONG), |_| Ok::<_, ()>(())).report();
    assert_eq!(report.attempts, 1);
    assert_eq!(report.hedges, 0);
}

#[test]
fn an_attempt_timeout_ends_an_attempt_that_hangs_and_the_call_goes_on() {
    // An attempt that would answer may be late too, where the machine is busy.
    let policy = Policy::zero().attempts(1000).attempt_timeout(Duration::from_millis(10));
    let (told, hears) = channel();
    let result = race(&policy, move |attempt| {
        if attempt.id < 3 {
            hang(attempt, &told);
        }
        Ok::<_, ()>(attempt.id)
    })
    .try_call();
    assert!(result.unwrap() >= 3);
    assert_eq!(heard(&hears, 2), [1, 2]);
}

#[test]
fn a_deadline_ends_a_call_whose_attempts_all_hang() {
    let started = Instant::now();
    let policy = RACE.deadline(Duration::from_millis(20));
    let (told, hears) = channel();
    let gave_up = race(&policy, move |attempt| {
        hang(attempt, &told);
        Err::<(), _>("interrupted")
    })
    .try_call()
    .unwrap_err();
    assert!(started.elapsed() >= Duration::from_millis(20));
    assert_eq!(gave_up.reason, Reason::Deadline);
    assert_eq!(gave_up.attempts, 3);
    assert_eq!(gave_up.last, None);
    assert_eq!(
        gave_up.to_string(),
        "gave up after 3 attempts: the deadline left no time for another attempt; no attempt had a result"
    );
    assert_eq!(heard(&hears, 3), [1, 2, 3]);
}

#[test]
fn a_race_with_one_lane_runs_on_the_callers_thread() {
    let caller = thread::current().id();
    let policy = Policy::constant(Duration::from_millis(1));
    let call = || {
        move |attempt: &LiveAttempt<'_>| {
            assert_eq!(thread::current().id(), caller);
            if attempt.id < 3 { Err("down") } else { Ok(attempt.id) }
        }
    };
    assert_eq!(race(&policy, call()).try_call().ok(), Some(3));
    let once = race(&policy.lanes(3), call()).repeat(Repeat::Never).try_call().unwrap_err();
    assert_eq!(once.reason, Reason::NotRepeatable);
    assert_eq!(once.attempts, 1);
}

#[test]
fn a_race_has_room_for_sixteen_lanes() {
    assert_eq!(LANES, 16);
    let barrier = Arc::new(Barrier::new(LANES));
    let policy = Policy::zero().lanes(16).attempts(16);
    let result = race(&policy, move |_| {
        barrier.wait(); // passes only if all are in flight at once
        Ok::<_, ()>(())
    });
    assert!(result.try_call().is_ok());
}

#[test]
fn more_lanes_than_there_is_room_for_are_refused_before_anything_is_sent() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let gave_up = race(&Policy::zero().lanes(17).attempts(17), move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok::<_, &str>(())
    })
    .try_call()
    .unwrap_err();
    assert_eq!(gave_up.reason, Reason::Invalid);
    assert_eq!(gave_up.attempts, 0);
    assert_eq!(gave_up.invalid, None);
    assert!(gave_up.to_string().ends_with("more lanes than the 16 that the call has room for"), "{gave_up}");
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[test]
fn the_judge_and_the_hook_of_a_race_may_borrow() {
    let (mut judged, mut decisions) = (0, 0);
    let result = race(&RACE, |attempt| Ok::<_, ()>(attempt.id))
        .judge(|_| {
            judged += 1;
            if judged < 3 { Verdict::retry() } else { Verdict::Accept }
        })
        .notify(|_| decisions += 1)
        .try_call();
    assert!(result.is_ok());
    assert_eq!(judged, 3);
    assert!(decisions > judged);
}

#[test]
fn an_answer_that_was_there_in_time_counts_though_the_judge_of_another_was_slow() {
    let policy = Policy::zero().lanes(2).lane_attempts(1).attempts(2).attempt_timeout(Duration::from_millis(100));
    let (answered, answers) = channel();
    let both = Barrier::new(2);
    let result = race(&policy, move |attempt| {
        both.wait();
        if attempt.lane == 0 {
            return Err("down");
        }
        thread::sleep(Duration::from_millis(5)); // so that the other is judged first
        _ = answered.send(());
        Ok("up")
    })
    .judge(|outcome| match outcome {
        Ok(_) => Verdict::Accept,
        Err(_) => {
            _ = answers.recv_timeout(Duration::from_secs(60));
            thread::sleep(Duration::from_millis(120)); // past the timeout of both
            Verdict::retry()
        }
    });
    assert_eq!(result.try_call().ok(), Some("up"));
}

/// Blocks until the attempt is cancelled, and returns why.
fn reason(attempt: &LiveAttempt<'_>) -> CancelReason {
    let (sender, receiver) = channel();
    attempt.on_cancel(move || sender.send(()).unwrap());
    receiver.recv_timeout(Duration::from_secs(60)).expect("it is told");
    attempt.cancel_reason().unwrap()
}

#[test]
fn an_attempt_is_told_why_it_is_cancelled() {
    let why = |policy: Policy| {
        let (told, hears) = channel();
        let result = race(policy, move |attempt| {
            if attempt.id == 2 {
                return Ok(());
            }
            told.send(reason(attempt)).unwrap();
            Err("interrupted")
        });
        _ = result.try_call();
        hears.recv_timeout(Duration::from_secs(60)).unwrap()
    };
    assert_eq!(why(Policy::zero().lanes(2)), CancelReason::Lost);
    assert_eq!(why(Policy::zero().attempt_timeout(Duration::from_millis(10))), CancelReason::Timeout);
    assert_eq!(why(Policy::zero().deadline(Duration::from_millis(10))), CancelReason::Deadline);
}
