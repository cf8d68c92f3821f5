//! The budget around whole calls, and under threads.

use core::time::Duration;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use insist_core::{Budget, Cause, Gate, Instant, Jitter, Policy, Repeat, Script, Settled, Verdict, play_with};
use insist_tests::by_hand::RETRY;
use insist_tests::words::{at, failing, ms, send_firsts};

const MS: u64 = 1_000_000;

const POLICY: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(5);

#[test]
fn a_call_that_fails_uses_the_reserve_and_then_gives_up() {
    let budget = Budget::new(0.5).with_reserve(2);
    let timeline = play_with(&POLICY, &budget, Repeat::Always, Instant::ZERO, 1, &failing(5, ms(10)));
    assert_eq!(
        timeline.to_string(),
        "0ns: send attempt 1 (first in lane 0)\n\
         0ns: wait for an outcome\n\
         10ms: wait until 110ms (backoff)\n\
         110ms: send attempt 2 (retry in lane 0)\n\
         110ms: wait for an outcome\n\
         120ms: wait until 220ms (backoff)\n\
         220ms: send attempt 3 (retry in lane 0)\n\
         220ms: wait for an outcome\n\
         230ms: give up: a gate refused another attempt (budget is used up)\n",
    );
    assert_eq!(budget.state(at(230)).to_string(), "2 retries and hedges for 1 first send, 0 left");
}

/// Gives back what a call reserved for a wait when the call ends in it.
#[test]
fn a_wait_that_leads_to_no_send_is_refunded() {
    let budget = Budget::new(1.0).with_reserve(5);
    let policy = POLICY.lanes(2);
    let script = Script::new().outcome(1, ms(10), Verdict::retry()).outcome(2, ms(50), Verdict::Accept);
    let _ = play_with(&policy, &budget, Repeat::Always, Instant::ZERO, 1, &script);
    // The hedge was sent; the retry of lane 0 was reserved at 10 ms and refunded at 50 ms.
    assert_eq!(budget.state(at(50)).charged, 1);
}

/// The first send of a call that a second gate refuses is no first send.
#[test]
fn a_first_send_that_another_gate_refuses_deposits_nothing() {
    struct Shut;
    impl insist_core::Gate for Shut {
        fn admit(&self, _: insist_core::Instant, _: &insist_core::Cause) -> insist_core::Admission {
            insist_core::Admission::No(insist_core::Refusal::new(&"shut"))
        }
    }
    let budget = Budget::new(1.0);
    let _ = play_with(&POLICY, &(&budget, Shut), Repeat::Always, Instant::ZERO, 1, &Script::new());
    assert_eq!(budget.state(at(0)).firsts, 0);
}

const THREADS: u64 = 4;

#[test]
fn threads_share_exactly_what_is_left() {
    for ratio in [0.001, 0.1, 0.3, 1.0, 2.5] {
        let budget = Budget::new(ratio).with_reserve(7);
        send_firsts(&budget, at(0), 1000);
        let granted = AtomicU64::new(0);
        let barrier = Barrier::new(THREADS as usize);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    barrier.wait();
                    for _ in 0..2000 {
                        if budget.reserve(at(0), &RETRY).is_ok() {
                            granted.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        let most = (ratio * 1000.0) as u64 + 7;
        let granted = granted.into_inner();
        assert!(granted <= most, "{granted} of {most} at ratio {ratio}");
        let state = budget.state(at(0));
        assert_eq!(state.charged, granted, "nothing is lost or left behind");
        assert_eq!(state.left, most - granted, "nothing is lost or left behind");
    }
}

/// Through four windows, every slot's charges are held against the first sends. What is taken back at once was a first
/// send while it lasted, one a thread.
#[test]
fn no_window_ever_has_too_many() {
    const SLOT: u64 = 100 * MS;
    const SLOTS: usize = 40;
    let budget = Budget::new(0.5).with_reserve(3).window(Duration::from_secs(1));
    // What was charged and not refunded, and every first send, in the slot of its thread's clock.
    let charged: Vec<_> = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
    let firsts: Vec<_> = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (budget, charged, firsts, barrier) = (&budget, &charged, &firsts, &barrier);
            scope.spawn(move || {
                for slot in 0..SLOTS {
                    // Whose clock is a slot behind would be counted in another slot than this test counts it in.
                    barrier.wait();
                    for step in 0..300 {
                        let now = Instant::from_nanos(slot as u64 * SLOT + step);
                        match (step + thread) % 5 {
                            0 => {
                                firsts[slot].fetch_add(1, Ordering::SeqCst);
                                let _ = budget.admit(now, &Cause::FIRST);
                            }
                            1 => {
                                let _ = budget.admit(now, &Cause::FIRST);
                                budget.settle(now, &Cause::FIRST, &Settled::Unsent(now));
                            }
                            2 => {
                                if budget.reserve(now, &Cause::HEDGE).is_ok() {
                                    budget.refund(now, &Cause::HEDGE, now);
                                }
                            }
                            _ => {
                                if budget.reserve(now, &RETRY).is_ok() {
                                    charged[slot].fetch_add(1, Ordering::SeqCst);
                                }
                            }
                        }
                    }
                }
            });
        }
    });
    let sum = |counts: &[AtomicU64], last: usize| -> u64 {
        counts[last.saturating_sub(9)..=last].iter().map(|count| count.load(Ordering::SeqCst)).sum()
    };
    let all = sum(&charged, SLOTS - 1);
    assert!(all > 0, "something was let through");
    for last in 0..SLOTS {
        let (charged, firsts) = (sum(&charged, last), sum(&firsts, last));
        assert!(2 * charged <= firsts + THREADS + 2 * 3, "{charged} for {firsts} up to slot {last}");
    }
}

/// With clocks that are slots apart the ones behind stand still, and the bound holds in the newest window.
#[test]
fn clocks_that_disagree_get_no_more() {
    let budget = Budget::new(0.25).with_reserve(5).window(Duration::from_secs(1));
    let granted = AtomicU64::new(0);
    let sent = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (budget, granted, sent) = (&budget, &granted, &sent);
            scope.spawn(move || {
                for step in 0..1000_u64 {
                    // All within one window, in slots that differ by up to three.
                    let now = at((step / 5 + thread * 100) % 800);
                    if step % 4 == 0 {
                        sent.fetch_add(1, Ordering::SeqCst);
                        let _ = budget.admit(now, &Cause::FIRST);
                    } else if budget.reserve(now, &RETRY).is_ok() {
                        granted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let (granted, sent) = (granted.into_inner(), sent.into_inner());
    assert!(4 * granted <= sent + 4 * 5, "{granted} for {sent}");
    let state = budget.state(at(800));
    assert_eq!(state.firsts, sent);
    assert_eq!(state.charged, granted);
}
