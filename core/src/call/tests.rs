//! A call by itself: its size, its end, what it gives back.

use super::*;
use crate::action::{Action, CancelReason, WaitReason};
use crate::gate::Budget;
use crate::policy::Policy;
use crate::verdict::Verdict;
use core::time::Duration;

#[test]
fn a_call_is_small() {
    assert!(size_of::<State>() <= 80, "{}", size_of::<State>());
    assert!(size_of::<Call<&Policy, &Budget>>() <= 112);
    assert!(size_of::<Action>() <= 24, "{}", size_of::<Action>());
}

#[test]
fn a_call_without_room_for_its_lanes_gives_up_at_once() {
    let policy = Policy::default().lanes(3);
    let mut call = Call::with_lanes::<2>(&policy, &(), Instant::ZERO, 1);
    let Action::GiveUp(stop) = call.poll(Instant::ZERO) else { panic!() };
    assert_eq!((stop.reason(), stop.last()), (Reason::Invalid, None));
    let mut none = Call::with_lanes::<0>(&policy, &(), Instant::ZERO, 1);
    assert!(matches!(none.poll(Instant::ZERO), Action::GiveUp(_)));
}

#[test]
fn what_is_due_first_names_the_wait() {
    let policy = Policy::default().deadline(Duration::from_secs(1)).attempt_timeout(Duration::from_secs(1));
    let mut call = Call::new(&policy, &(), Instant::ZERO, 1);
    let Action::Send(attempt) = call.poll(Instant::ZERO) else { panic!() };
    assert_eq!(attempt.timeout(), Some(Duration::from_secs(1)));
    let Action::Wait { until, reason } = call.poll(Instant::ZERO) else { panic!() };
    assert_eq!((until, reason), (Some(Instant::from_nanos(1_000_000_000)), WaitReason::Deadline));
}

#[test]
fn a_seed_that_is_set_before_the_first_failure_is_the_one_that_waits_are_drawn_from() {
    let policy = Policy::exponential(Duration::from_secs(1));
    let wait = |mut call: Call<&Policy, &()>| {
        assert!(matches!(call.poll(Instant::ZERO), Action::Send(_)));
        let _ = call.handle(Instant::ZERO, 1, Verdict::retry());
        call.poll(Instant::ZERO)
    };
    let mut late = Call::new(&policy, &(), Instant::ZERO, 1);
    late.set_seed(7);
    assert_eq!(late.state().seed(), 7);
    let [seven, one] = [7, 1].map(|seed| wait(Call::new(&policy, &(), Instant::ZERO, seed)));
    assert_eq!(wait(late), seven);
    assert_ne!(seven, one);
}

#[test]
fn the_first_send_is_due_when_the_call_starts() {
    let call = Call::new(&const { Policy::zero() }, (), Instant::from_nanos(5), 1);
    assert_eq!(call.state().due(), Some(Instant::from_nanos(5)));
}

#[test]
fn it_is_due_when_its_wait_ends_and_never_once_it_is_over() {
    let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
    let policy = Policy::zero().lanes(2).hedge_after(Duration::from_millis(50)).attempt_timeout(Duration::from_secs(1));
    let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 1);
    for (now, until) in [(0, 50), (50, 1000)] {
        assert!(matches!(call.poll(at(now)), Action::Send(_)));
        assert!(matches!(call.poll(at(now)), Action::Wait { .. }));
        assert_eq!(call.due(), Some(at(until)));
    }
    let _ = call.handle(at(60), 2, Verdict::Accept);
    assert_eq!((call.due(), call.poll(at(60))), (None, Action::Cancel { attempt: 1, reason: CancelReason::Lost }));
}

#[test]
fn what_is_due_now_is_due_however_many_lanes_there_is_room_for() {
    fn dues<const LANES: usize>() -> [Option<Instant>; 3] {
        let policy = Policy::zero().deadline(Duration::from_secs(9));
        let mut call = Call::with_lanes::<LANES>(&policy, &(), Instant::from_nanos(5), 7);
        let start = call.due();
        let _ = call.poll(Instant::from_nanos(5));
        let _ = call.handle(Instant::from_nanos(6), 1, Verdict::retry());
        let retry = call.due();
        call.cancel(Instant::from_nanos(6));
        [start, retry, call.due()]
    }
    let expected = [Some(Instant::from_nanos(5)), Some(Instant::from_nanos(6)), None];
    assert_eq!(dues::<1>(), expected);
    assert_eq!(dues::<8>(), expected);
}
