//! Law 9, hints are kept.

use insist_core::{Action, Call, Handled, Jitter, Policy, Reason, Repeat, Verdict};
use insist_tests::by_hand::{ByHand, at, due, first, lane_ends, ms, retry, sent, waits_until};
use insist_tests::laws::law_9;
use insist_tests::plan::Plan;
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::record::{Did, Ending};
use proptest::prelude::*;

use crate::sees;

const PLAIN: Policy = Policy::constant(ms(100)).jitter(Jitter::None);

#[test]
fn law_9_hints_are_kept() {
    let plans = random::plan().prop_map(|plan| Plan { policy: plan.policy.hint_limit(ms(250)), ..plan });
    every_law_holds(9, 400, plans);
    every_law_holds(109, 200, random::plan());
}

/// What follows when the first attempt fails at 10 ms with this verdict.
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
                assert_eq!((stop.reason(), stop.hint(), stop.last()), (Reason::RetryAfter, too_long, Some(1)));
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
    assert_eq!((stop.reason(), stop.hint(), stop.last()), (Reason::Stopped, Some(ms(900)), Some(3)));

    // A hint that was not looked at, because no attempt was left, did not end the lane.
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1).repeat(Repeat::IfUnsent);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(call.handle(at(1), 1, Verdict::retry().after(ms(900))), Handled::Over);
    let Action::GiveUp(stop) = call.poll(at(1)) else { panic!("it has not ended") };
    assert_eq!((stop.reason(), stop.hint()), (Reason::NotRepeatable, None));
}

#[test]
fn law_9_its_reader_sees_a_hint_cut_short_and_one_forgotten() {
    let policy = PLAIN.hint_limit(ms(300));
    let failed = |hint| ByHand::new(policy).poll(0, first(1)).handle(10, 1, Verdict::retry().after(ms(hint)), due(110));
    assert_eq!(law_9(&failed(200).reserved().poll(310, retry(2, 1, 0)).record()), Ok(()));
    sees(law_9, &failed(200).reserved().poll(209, retry(2, 1, 0)).record(), "is cut short");
    sees(law_9, &failed(301).reserved().record(), "the lane goes on");
    let given_up = |hint| {
        let failed =
            ByHand::new(policy).poll(0, first(1)).handle(10, 1, Verdict::retry().after(ms(301)), Handled::Over);
        failed
            .over()
            .poll(10, Did::GiveUp(Ending { reason: Reason::RetryAfter, refusal: None, last: Some(1), hint }))
            .record()
    };
    assert_eq!(law_9(&given_up(Some(301_000_000))), Ok(()));
    sees(law_9, &given_up(None), "not None");
    sees(law_9, &given_up(Some(300_000_000)), "not Some(300000000)");
}
