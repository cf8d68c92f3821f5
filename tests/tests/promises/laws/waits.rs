//! How long the waits are, and what hints make of them.

use std::cell::RefCell;

use insist_core::{
    Action, Admission, Call, Cause, Gate, Handled, Instant, Jitter, Policy, Reason, Repeat, Verdict, WaitReason, play,
};
use insist_tests::by_hand::{due, lane_ends, retries, sent, waits_until};
use insist_tests::gate::{Answer, Answers, Scripted};
use insist_tests::plan::Plan;
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::words::{at, ms, script_after, sends};
use proptest::prelude::*;

const PLAIN: Policy = Policy::constant(ms(100)).jitter(Jitter::None);

#[test]
fn law_6_waits_are_honest() {
    every_law_holds(6, 600, random::plan());
}

#[test]
fn law_6_a_wait_that_would_reach_the_deadline_is_not_begun() {
    for (deadline, is_over) in [(111, false), (110, true), (50, true)] {
        let policy = PLAIN.deadline(ms(deadline));
        let mut call = Call::new(&policy, &(), at(0), 1);
        assert_eq!(sent(call.poll(at(0))), 1);
        let handled = if is_over { Handled::Over } else { due(110) };
        assert_eq!(call.handle(at(10), 1, Verdict::retry()), handled);
        match call.poll(at(10)) {
            Action::Wait { until, reason } => {
                assert_eq!(until, Some(at(110)));
                assert_eq!(reason, WaitReason::Backoff);
                assert!(!is_over);
            }
            Action::GiveUp(stop) => {
                assert_eq!(stop.reason(), Reason::Deadline);
                assert_eq!(stop.last(), Some(1));
                assert!(is_over);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn law_6_a_wait_of_nothing_is_no_wait() {
    let policy = Policy::zero();
    let mut call = Call::new(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(7), 1, Verdict::retry()));
    assert_eq!(sent(call.poll(at(7))), 2);
}

/// Returns what a gate that answers this to the first retry makes of a call whose deadline is at 500 ms.
fn held(answer: Answer) -> Action {
    let notes = RefCell::new(Vec::new());
    let gate = Scripted::new(0, Answers { reserve: vec![], admit: vec![Answer::Yes, answer] }, &notes);
    let policy = PLAIN.deadline(ms(500));
    let mut call = Call::new(&policy, &gate, at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(0), 1, Verdict::retry()));
    call.poll(at(100))
}

#[test]
fn law_6_a_gate_holds_an_attempt_back_only_to_a_later_instant_before_the_deadline() {
    let ms = 1_000_000;
    for (answer, until) in [
        (Answer::At(101 * ms), Some(101)),
        (Answer::At(499 * ms), Some(499)),
        (Answer::At(100 * ms), None),
        (Answer::At(0), None),
        (Answer::At(500 * ms), None),
        (Answer::At(u64::MAX), None),
        (Answer::No, None),
    ] {
        match (held(answer), until) {
            (action @ Action::Wait { reason: WaitReason::Gate, .. }, Some(until)) => {
                assert_eq!(waits_until(action), until);
            }
            (Action::GiveUp(stop), None) => assert_eq!((stop.reason(), stop.last()), (Reason::Refused, Some(1))),
            (other, _) => panic!("{answer:?} leads to {other}"),
        }
    }
}

#[test]
fn law_6_without_a_deadline_never_is_no_instant_to_wait_for() {
    let notes = RefCell::new(Vec::new());
    let gate = Scripted::new(0, Answers { reserve: vec![], admit: vec![Answer::At(u64::MAX)] }, &notes);
    let mut call = Call::new(&PLAIN, &gate, at(0), 1);
    assert!(matches!(call.poll(at(0)), Action::GiveUp(stop) if stop.reason() == Reason::Refused));
}

/// Refuses hedges before 300 ms, and notes when it was asked.
struct NoHedgeBefore300(RefCell<Vec<u64>>);

impl Gate for NoHedgeBefore300 {
    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        if *cause == Cause::HEDGE {
            self.0.borrow_mut().push(now.as_nanos() / 1_000_000);
        }
        if *cause == Cause::HEDGE && now < at(300) { Admission::NotBefore(at(300)) } else { Admission::Yes }
    }
}

#[test]
fn law_6_a_gate_is_not_asked_again_before_the_instant_that_it_named() {
    let policy = PLAIN.attempts(9).lanes(2).hedge_after(ms(50)).hedge_on_failure(true);
    let gate = NoHedgeBefore300(RefCell::new(Vec::new()));
    let mut call = Call::with_lanes::<2>(&policy, &gate, at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(waits_until(call.poll(at(50))), 300);
    // The failure would open lane 1 at once, were it not held back.
    retries(call.handle(at(60), 1, Verdict::retry()));
    assert_eq!(waits_until(call.poll(at(60))), 160);
    assert_eq!(sent(call.poll(at(160))), 2);
    assert_eq!(waits_until(call.poll(at(160))), 300);
    assert_eq!(sent(call.poll(at(300))), 3);
    assert_eq!(*gate.0.borrow(), [50, 300]);
}

/// A gate that names the very instant at which a lane was to open holds nothing back.
#[test]
fn law_6_a_wait_is_for_a_gate_only_if_the_gate_makes_it_longer() {
    for (hold, hint, reason) in
        [(300, 240, WaitReason::Hedge), (300, 239, WaitReason::Gate), (300, 241, WaitReason::Hedge)]
    {
        let notes = RefCell::new(Vec::new());
        let admit = vec![Answer::Yes, Answer::At(hold * 1_000_000), Answer::Yes];
        let gate = Scripted::new(0, Answers { reserve: vec![], admit }, &notes);
        let policy = PLAIN.attempts(9).lane_attempts(1).lanes(2).hedge_after(ms(50)).hedge_on_failure(true);
        let mut call = Call::with_lanes::<2>(&policy, &gate, at(0), 1);
        assert_eq!(sent(call.poll(at(0))), 1);
        assert_eq!(call.poll(at(50)), Action::Wait { until: Some(at(hold)), reason: WaitReason::Gate });
        assert!(call.handle(at(60), 1, Verdict::retry().after(ms(hint))).counts());
        let until = Some(at(hold.max(60 + hint)));
        assert_eq!(call.poll(at(60)), Action::Wait { until, reason }, "a hint of {hint} ms");
    }
}

#[test]
fn law_9_hints_are_kept() {
    let plans = random::plan().prop_map(|plan| Plan { policy: plan.policy.hint_limit(ms(250)), ..plan });
    every_law_holds(9, 400, plans);
    every_law_holds(109, 200, random::plan());
}

/// Returns what follows when the first attempt fails at 10 ms with this verdict.
fn after(policy: Policy, verdict: Verdict) -> Action {
    let mut call = Call::new(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    call.handle(at(10), 1, verdict);
    call.poll(at(10))
}

#[test]
fn law_9_the_backoff_starts_after_the_hint_whatever_the_cap() {
    let capped = PLAIN.cap(ms(60));
    assert_eq!(waits_until(after(capped, Verdict::retry())), 70);
    assert_eq!(waits_until(after(capped, Verdict::retry().after(ms(500)))), 570);
    assert_eq!(waits_until(after(capped.floor(ms(20)), Verdict::retry().after(ms(0)))), 70);
    assert_eq!(waits_until(after(capped.ignore_hints(), Verdict::retry().after(ms(500)))), 70);
}

#[test]
fn law_9_an_exact_wait_has_no_backoff_on_top() {
    assert_eq!(waits_until(after(PLAIN.floor(ms(50)), Verdict::retry().exactly_after(ms(7)))), 17);
    assert_eq!(sent(after(PLAIN, Verdict::retry().exactly_after(ms(0)))), 2);
    let stops = after(Policy::stop(), Verdict::retry().exactly_after(ms(7)));
    assert!(matches!(stops, Action::GiveUp(stop) if stop.reason() == Reason::Backoff));
}

#[test]
fn law_9_a_hint_that_is_too_long_ends_the_lane_and_is_handed_back() {
    let limited = PLAIN.hint_limit(ms(300)).deadline(ms(1000));
    for (policy, verdict, too_long) in [
        (limited, Verdict::retry().after(ms(300)), None),
        (limited, Verdict::retry().after(ms(301)), Some(ms(301))),
        (limited, Verdict::retry().exactly_after(ms(301)), Some(ms(301))),
        (limited.hint_limit(ms(0)), Verdict::retry().after(ms(0)), None),
        (limited.hint_limit(ms(5000)), Verdict::retry().after(ms(989)), None),
        (limited.hint_limit(ms(5000)), Verdict::retry().after(ms(990)), Some(ms(990))),
        (PLAIN, Verdict::retry().after(ms(300_000)), None),
        (PLAIN, Verdict::retry().after(ms(300_001)), Some(ms(300_001))),
    ] {
        match after(policy, verdict) {
            Action::GiveUp(stop) if too_long.is_some() => {
                assert_eq!(stop.reason(), Reason::RetryAfter);
                assert_eq!(stop.hint(), too_long);
                assert_eq!(stop.last(), Some(1));
            }
            // In time, but not with the backoff on top: that is the deadline's doing, and the hint was not too long.
            Action::GiveUp(stop) => assert_eq!((stop.reason(), stop.hint()), (Reason::Deadline, None)),
            other => assert!(too_long.is_none(), "{verdict:?} leads to {other}"),
        }
    }
}

#[test]
fn law_9_the_largest_of_them_is_handed_back_whatever_the_reason() {
    let policy = PLAIN.attempts(9).lane_attempts(1).lanes(3).hint_limit(ms(50));
    let wide = policy.lane_attempts(5);
    let mut call = Call::with_lanes::<3>(&wide, &(), at(0), 1);
    assert_eq!([1, 2, 3].map(|_| sent(call.poll(at(0)))), [1, 2, 3]);
    for (millis, id, hint) in [(1, 2, 900), (2, 1, 600)] {
        assert_eq!(lane_ends(call.handle(at(millis), id, Verdict::retry().after(ms(hint)))), Reason::RetryAfter);
    }
    assert_eq!(call.handle(at(3), 3, Verdict::Stop), Handled::Over);
    let Action::GiveUp(stop) = call.poll(at(3)) else { panic!("it has not ended") };
    assert_eq!(stop.reason(), Reason::Stopped);
    assert_eq!(stop.hint(), Some(ms(900)));
    assert_eq!(stop.last(), Some(3));

    // A hint that was not looked at, because no attempt was left, did not end the lane.
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1).repeat(Repeat::IfUnsent);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(call.handle(at(1), 1, Verdict::retry().after(ms(900))), Handled::Over);
    let Action::GiveUp(stop) = call.poll(at(1)) else { panic!("it has not ended") };
    assert_eq!(stop.reason(), Reason::NotRepeatable);
    assert_eq!(stop.hint(), None);
}

#[test]
fn law_9_a_hint_holds_up_every_later_send_of_its_call() {
    let policy = PLAIN.attempts(9).lanes(3).hedge_after(ms(50)).hint_limit(ms(10_000));
    let apart = policy.separate_targets(true);
    let open_two = |policy| {
        let mut call: Call<_, _, 3> = Call::with_lanes::<3>(policy, (), at(0), 1);
        assert_eq!(sent(call.poll(at(0))), 1);
        assert_eq!(sent(call.poll(at(50))), 2);
        call
    };

    let mut call = open_two(&policy);
    retries(call.handle(at(60), 1, Verdict::retry()));
    retries(call.handle(at(61), 2, Verdict::retry().exactly_after(ms(500))));
    assert_eq!(waits_until(call.poll(at(61))), 561, "the retry of another lane, promised before");
    let mut call = open_two(&policy);
    retries(call.handle(at(61), 2, Verdict::retry().exactly_after(ms(500))));
    assert_eq!(waits_until(call.poll(at(61))), 561, "an opening");
    assert_eq!(call.handle(at(62), 1, Verdict::retry()), due(561), "a retry promised after it");

    let mut call = open_two(&apart);
    retries(call.handle(at(61), 2, Verdict::retry().exactly_after(ms(500))));
    assert_eq!(waits_until(call.poll(at(61))), 100, "each lane has a target of its own");
}

#[test]
fn law_9_a_hint_that_is_too_long_leaves_its_call_no_send() {
    let policy = PLAIN.attempts(9).lanes(3).hedge_after(ms(50)).hint_limit(ms(100));
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    assert_eq!(lane_ends(call.handle(at(60), 1, Verdict::retry().after(ms(900)))), Reason::RetryAfter);
    assert_eq!(call.poll(at(999)), Action::Wait { until: None, reason: WaitReason::Outcome }, "nothing opens");
    assert_eq!(call.handle(at(999), 2, Verdict::retry()), Handled::Over);
    let Action::GiveUp(stop) = call.poll(at(999)) else { panic!("it has not ended") };
    assert_eq!(stop.reason(), Reason::RetryAfter);
    assert_eq!(stop.hint(), Some(ms(900)));
}

#[test]
fn law_9_a_spread_hint_is_longer_by_up_to_its_share_and_never_shorter() {
    let policy = Policy::zero().attempts(2).hint_spread(0.25);
    let script = script_after(ms(0), &[Verdict::retry().after(ms(1000))]);
    let waits = |policy: &Policy| (0..400).map(|seed| sends(&play(policy, seed, &script))[1]).collect::<Vec<_>>();
    let drawn = waits(&policy);
    assert!(drawn.iter().all(|due| (at(1000)..=at(1250)).contains(due)));
    assert!(drawn.iter().any(|due| *due < at(1025)));
    assert!(drawn.iter().any(|due| *due > at(1225)));
    // It does not go beyond the deadline.
    assert!(waits(&policy.deadline(ms(1100))).iter().all(|due| (at(1000)..at(1100)).contains(due)));
    let exact = script_after(ms(0), &[Verdict::retry().exactly_after(ms(1000))]);
    assert_eq!(sends(&play(&policy, 7, &exact))[1], at(1000));
}
