//! A call that is dropped leaves nothing behind, whatever it was doing: no reservation, no attempt that is not settled,
//! no attempt that goes on.

use std::future::IntoFuture;
use std::pin::pin;
use std::thread;
use std::time::Duration;

use crate::counting::{Counting, Open, poll};
use insist_futures::{Driver, Policy, VirtualTimer, race, retry};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const FIXED: Policy = Policy::constant(ms(100));

/// Says what attempts do, by id: nothing listed is one that never ends.
type Ends = &'static [Option<(u64, bool)>];

/// Polls a call with these attempts, waits so long after each poll, and drops it. Gives what was open before that.
fn open_before_the_drop(counting: &Counting, policy: Policy, ends: Ends, waits: &[u64]) -> Open {
    let timer = VirtualTimer::new();
    let operation = |attempt: insist_futures::Attempt| {
        let end = ends.get(attempt.id as usize - 1).copied().flatten();
        counting.attempt(&timer, attempt, end)
    };
    let call: Driver<_, _, _, 4> = race(timer.clone(), &policy, operation).gate(counting.clone());
    let mut call = Box::pin(call.into_future());
    for wait in waits {
        let _ = poll(call.as_mut());
        timer.advance(ms(*wait));
    }
    if !waits.is_empty() {
        let _ = poll(call.as_mut());
    }
    counting.open()
}

#[test]
fn before_it_was_polled() {
    let counting = Counting::default();
    assert_eq!(open_before_the_drop(&counting, FIXED, &[], &[]), Open::NOTHING);
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 0);
}

#[test]
fn while_the_first_attempt_is_in_flight() {
    let counting = Counting::default();
    assert_eq!(open_before_the_drop(&counting, FIXED, &[None], &[0]), Open::NOTHING.in_flight(1));
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 1);
}

#[test]
fn while_it_waits_for_its_next_attempt() {
    let counting = Counting::default();
    assert_eq!(open_before_the_drop(&counting, FIXED, &[Some((20, false))], &[20, 50]), Open::reserved(1));
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 1);
}

#[test]
fn while_a_gate_holds_it_back() {
    let counting = Counting::holding(500);
    assert_eq!(open_before_the_drop(&counting, FIXED, &[None], &[100]), Open::NOTHING);
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 0);
}

#[test]
fn while_several_attempts_race() {
    let counting = Counting::default();
    assert_eq!(open_before_the_drop(&counting, FIXED.lanes(3), &[None, None, None], &[20]), Open::NOTHING.in_flight(3));
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 3);
}

#[test]
fn while_one_lane_waits_and_another_is_in_flight() {
    let counting = Counting::default();
    assert_eq!(
        open_before_the_drop(&counting, FIXED.lanes(2), &[Some((20, false)), None], &[20, 10]),
        Open::reserved(1).in_flight(1)
    );
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 2);
}

#[test]
fn after_a_hedge_has_opened() {
    let counting = Counting::default();
    let policy = FIXED.lanes(2).hedge_after(ms(50));
    assert_eq!(open_before_the_drop(&counting, policy, &[None, None], &[50, 10]), Open::NOTHING.in_flight(2));
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 2);
}

#[test]
fn after_its_last_failure() {
    let counting = Counting::default();
    assert_eq!(open_before_the_drop(&counting, FIXED.attempts(1), &[Some((20, false))], &[20]), Open::NOTHING);
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 1);
}

#[test]
fn when_its_answer_has_come_and_nobody_has_polled_it() {
    let (counting, timer) = (Counting::default(), VirtualTimer::new());
    let operation = |attempt| counting.attempt(&timer, attempt, Some((20, true)));
    let mut call = Box::pin(retry(timer.clone(), &FIXED, operation).gate(&counting).into_future());
    assert!(poll(call.as_mut()).is_pending());
    timer.advance(ms(20));
    assert_eq!(counting.open(), Open::NOTHING.in_flight(1));
    drop(call);
    assert_eq!(counting.open(), Open::NOTHING);
}

#[test]
fn nothing_is_open_once_it_is_ready_though_it_is_not_dropped() {
    let (counting, timer) = (Counting::default(), VirtualTimer::new());
    let operation = |attempt: insist_futures::Attempt| {
        let end = if attempt.lane == 1 { Some((20, true)) } else { None };
        counting.attempt(&timer, attempt, end)
    };
    let policy = FIXED.lanes(3);
    let mut call = pin!(race(timer.clone(), &policy, operation).gate(&counting).into_future());
    assert!(poll(call.as_mut()).is_pending());
    timer.advance(ms(20));
    assert!(poll(call.as_mut()).is_ready());
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(counting.sent(), 3);
}

#[test]
fn on_another_thread_than_it_was_polled_on() {
    let (counting, timer) = (Counting::default(), VirtualTimer::new());
    let operation = {
        let (counting, timer) = (counting.clone(), timer.clone());
        move |attempt| counting.attempt(&timer, attempt, None)
    };
    let policy = FIXED.lanes(2);
    thread::scope(|scope| {
        let mut call = Box::pin(race(timer.clone(), &policy, operation).gate(counting.clone()).into_future());
        assert!(poll(call.as_mut()).is_pending());
        assert_eq!(counting.open(), Open::NOTHING.in_flight(2));
        scope.spawn(move || drop(call));
    });
    assert_eq!(counting.open(), Open::NOTHING);
}
