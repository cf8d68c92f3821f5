//! Panics: whose they are, and that none stops what has nothing to do with it, or ends the process.

mod losers;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use insist_blocking::{Canceller, LiveAttempt, Policy, Verdict, race, retry};

use losers::{hang, heard};

const RACE: Policy = Policy::zero().lanes(3);

/// Returns what a call panics with.
fn panic_of<R>(call: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else { panic!("it does not panic") };
    payload.downcast_ref::<&str>().unwrap().to_string()
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb");
    }
}

#[test]
fn a_panic_on_a_thread_reaches_the_caller_and_the_others_are_cancelled() {
    let (told, hears) = channel();
    let (hanging, hangs) = channel();
    let hangs = Mutex::new(hangs);
    let call = race(&RACE, move |attempt| -> Result<(), ()> {
        if attempt.lane == 2 {
            // Panics once the others are in flight for good.
            (0..2).for_each(|_| hangs.lock().unwrap().recv().unwrap());
            panic!("broken operation");
        }
        hanging.send(()).unwrap();
        hang(attempt, &told);
        Ok(())
    });
    let payload = catch_unwind(AssertUnwindSafe(|| call.try_call())).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"broken operation"));
    assert_eq!(heard(&hears, 2), [1, 2]);
}

#[test]
fn a_panic_of_a_loser_is_not_the_callers() {
    let (sender, panics) = channel();
    let result = race(&Policy::zero().lanes(2), move |attempt| {
        if attempt.lane == 0 {
            let (told, _) = channel();
            hang(attempt, &told);
            sender.send(()).unwrap();
            panic!("a loser's panic");
        }
        Ok::<_, ()>(attempt.id)
    })
    .try_call();
    assert_eq!(result.ok(), Some(2));
    assert_eq!(panics.recv_timeout(Duration::from_secs(60)), Ok(()));
}

#[test]
fn a_panic_of_the_judge_cancels_what_is_in_flight() {
    let (told, hears) = channel();
    let policy = Policy::zero().lanes(2);
    let call = race(&policy, move |attempt| {
        if attempt.lane == 0 {
            hang(attempt, &told);
        }
        Ok::<_, ()>(())
    })
    .judge(|_| panic!("broken judge"));
    assert!(catch_unwind(AssertUnwindSafe(|| call.try_call())).is_err());
    assert_eq!(heard(&hears, 1), [1]);
}

#[test]
fn every_function_of_a_canceller_runs_though_one_panics_and_the_first_panic_goes_on() {
    let canceller = Canceller::new();
    let (told, hears) = channel();
    let started = Arc::new(Barrier::new(4));
    let calls: Vec<_> = (1..=3)
        .map(|call| {
            let (canceller, started, told) = (canceller.clone(), Arc::clone(&started), told.clone());
            thread::spawn(move || {
                let operation = |attempt: &LiveAttempt<'_>| {
                    let (stop, stopped) = channel::<()>();
                    let told = told.clone();
                    attempt.on_cancel(move || {
                        drop(stop);
                        told.send(call).unwrap();
                        panic!("a broken callback");
                    });
                    started.wait();
                    _ = stopped.recv();
                    Err::<(), _>("interrupted")
                };
                retry(Policy::zero(), operation).cancel_with(&canceller).call()
            })
        })
        .collect();
    started.wait();
    assert_eq!(panic_of(|| canceller.cancel()), "a broken callback");
    assert_eq!(heard(&hears, 3), [1, 2, 3]);
    for call in calls {
        assert_eq!(call.join().unwrap(), Err("interrupted"));
    }
}

#[test]
fn a_canceller_that_cancels_while_its_thread_panics_keeps_to_that_panic() {
    struct CancelOnDrop(Canceller);
    impl Drop for CancelOnDrop {
        fn drop(&mut self) {
            self.0.cancel();
        }
    }
    let canceller = Canceller::new();
    let message = panic_of(|| {
        retry(Policy::zero(), |attempt| -> Result<(), &str> {
            let _cancels = CancelOnDrop(canceller.clone());
            attempt.on_cancel(|| panic!("a broken callback"));
            panic!("a broken operation");
        })
        .cancel_with(&canceller)
        .call()
    });
    assert_eq!(message, "a broken operation");
    assert!(canceller.is_cancelled());
}

/// Wins in the third lane, once the callbacks of the others are registered. Those tell of their cancel, and panic.
fn panics_when_told(attempt: &LiveAttempt<'_>, told: &Sender<u32>, registered: &Barrier) -> Result<u32, &'static str> {
    if attempt.lane != 2 {
        let (told, id) = (told.clone(), attempt.id);
        attempt.on_cancel(move || {
            told.send(id).unwrap();
            panic!("a loser's callback");
        });
    }
    registered.wait();
    if attempt.lane != 2 {
        thread::sleep(Duration::from_secs(60));
    }
    Ok(attempt.id)
}

#[test]
fn losers_that_panic_when_they_are_told_do_not_end_the_call() {
    let (told, hears) = channel();
    let registered = Barrier::new(3);
    let winner = race(RACE, move |attempt| panics_when_told(attempt, &told, &registered)).call();
    assert_eq!(winner, Ok(3));
    assert_eq!(heard(&hears, 2), [1, 2]);
}

#[test]
fn losers_that_panic_when_they_are_told_do_not_abort_a_process_that_panics_already() {
    let (told, hears) = channel();
    let registered = Barrier::new(3);
    let call =
        race(RACE, move |attempt| panics_when_told(attempt, &told, &registered)).judge(|_| panic!("a broken judge"));
    assert_eq!(panic_of(|| call.call()), "a broken judge");
    assert_eq!(heard(&hears, 2), [1, 2]);
}

#[test]
fn results_that_come_too_late_and_panic_when_they_are_dropped_stay_with_their_losers() {
    let call = |judge: fn() -> Verdict| {
        let (release, released) = channel::<()>();
        let (release, released) = (Mutex::new(Some(release)), Mutex::new(released));
        let call = race(RACE, move |attempt| {
            if attempt.lane == 0 {
                return Ok::<_, &str>(None);
            }
            _ = released.lock().unwrap().recv();
            Ok(Some(Bomb))
        });
        let result = call.judge(|_| {
            // The others end while this one is judged.
            drop(release.lock().unwrap().take());
            thread::sleep(Duration::from_millis(20));
            judge()
        });
        result.call().map(|bomb| bomb.is_none())
    };
    assert_eq!(call(|| Verdict::Accept), Ok(true));
    assert_eq!(panic_of(|| call(|| panic!("a broken judge"))), "a broken judge");
}

#[test]
fn what_functions_own_may_panic_while_their_operation_does() {
    let canceller = Canceller::new();
    let message = panic_of(|| {
        retry(Policy::zero(), |attempt| -> Result<(), &str> {
            for bomb in [Bomb, Bomb] {
                attempt.on_cancel(move || std::mem::forget(bomb));
            }
            panic!("a broken operation");
        })
        .cancel_with(&canceller)
        .call()
    });
    assert_eq!(message, "a broken operation");
}
