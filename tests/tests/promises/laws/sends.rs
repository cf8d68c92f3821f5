//! How many sends there are, and when hedges are among them.

use insist_core::{Action, Call, Handled, Jitter, Policy, Reason, Repeat, Verdict, WaitReason};
use insist_tests::by_hand::{lane_ends, retries, sent, waits_until};
use insist_tests::plan::Plan;
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::words::{at, ms};
use proptest::prelude::*;

const PLAIN: Policy = Policy::constant(ms(100)).jitter(insist_core::Jitter::None);

#[test]
fn law_2_sends_are_counted() {
    every_law_holds(2, 600, random::plan());
}

#[test]
fn law_2_a_promised_send_is_given_to_nobody_else() {
    let policy = PLAIN.attempts(3).lanes(3).hedge_after(ms(50));
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    retries(call.handle(at(60), 1, Verdict::retry()));
    // The third send is promised to lane 0 at 160 ms; the hedge that would be due at 100 ms does not get it.
    assert_eq!(waits_until(call.poll(at(60))), 160);
    assert_eq!(waits_until(call.poll(at(110))), 160);
    match call.poll(at(160)) {
        Action::Send(attempt) => assert_eq!((attempt.id, attempt.lane, attempt.retry), (3, 0, 1)),
        other => panic!("{other}"),
    }
}

#[test]
fn law_2_each_lane_has_its_own_limit() {
    let policy = PLAIN.attempts(10).lane_attempts(2).lanes(2);
    let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    retries(call.handle(at(0), 1, Verdict::retry()));
    assert_eq!(sent(call.poll(at(100))), 3);
    assert_eq!(lane_ends(call.handle(at(100), 3, Verdict::retry())), Reason::Attempts);
    assert_eq!(call.poll(at(100)), Action::Wait { until: None, reason: WaitReason::Outcome });
}

#[test]
fn law_2_a_resumed_call_opens_no_lane_beyond_its_new_policy() {
    let policy = PLAIN.attempts(10).lanes(3).hedge_after(ms(1000)).hedge_on_failure(true);
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(1), 1, Verdict::retry().after(ms(50))));
    let one_lane = policy.lanes(1);
    let mut call: Call<_, _, 3> = Call::try_resume(&one_lane, &(), at(20), call.suspend()).expect("it fits");
    match call.poll(at(500)) {
        Action::Send(attempt) => assert_eq!((attempt.id, attempt.lane), (2, 0)),
        other => panic!("{other}"),
    }
    assert!(matches!(call.poll(at(500)), Action::Wait { until: None, .. }));
}

#[test]
fn law_2_a_resumed_call_sends_no_more_than_its_new_policy_allows() {
    for fewer in [PLAIN.attempts(1), PLAIN.lane_attempts(1)] {
        let policy = PLAIN.attempts(2);
        let mut call = Call::new(&policy, &(), at(0), 1);
        assert_eq!(sent(call.poll(at(0))), 1);
        retries(call.handle(at(1), 1, Verdict::retry()));
        let mut call: Call<_, _, 1> = Call::try_resume(&fewer, &(), at(2), call.suspend()).expect("it fits");
        match call.poll(at(500)) {
            Action::GiveUp(stop) => assert_eq!((stop.reason(), stop.last()), (Reason::Attempts, Some(1))),
            other => panic!("{other}"),
        }
        assert_eq!(call.state().attempts(), 1);
        assert_eq!(call.state().retries(), 0);
    }
}

#[test]
fn law_7_timeouts_fit_the_deadline() {
    every_law_holds(7, 400, random::plan());
}

#[test]
fn law_7_a_timeout_is_the_smaller_of_the_two() {
    let policy = PLAIN.attempts(9).attempt_timeout(ms(80)).deadline(ms(250));
    let mut call = Call::new(&policy, &(), at(1000), 1);
    let timeout = |action| match action {
        Action::Send(attempt) => attempt.timeout(),
        other => panic!("{other}"),
    };
    assert_eq!(timeout(call.poll(at(1000))), Some(ms(80)));
    retries(call.handle(at(1070), 1, Verdict::retry()));
    // Polled late, at 1200: 50 ms are left.
    assert_eq!(timeout(call.poll(at(1200))), Some(ms(50)));
    assert_eq!(waits_until(call.poll(at(1200))), 1250);

    let policy = PLAIN.deadline(ms(250));
    assert_eq!(timeout(Call::new(&policy, &(), at(0), 1).poll(at(100))), Some(ms(150)));
    assert_eq!(timeout(Call::new(&PLAIN, &(), at(0), 1).poll(at(100))), None);
}

const NINE: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(9);

const HEDGE: Policy = NINE.lanes(3).hedge_after(ms(50));

#[test]
fn law_10_lanes_open_in_their_time() {
    let hedging = (random::plan(), 2_u8..=4, prop::sample::select(vec![0_u64, 1, 50, 120]), any::<bool>());
    let plans = hedging.prop_map(|(plan, lanes, delay, on_failure)| {
        let policy = plan.policy.lanes(lanes).hedge_after(ms(delay)).hedge_on_failure(on_failure);
        Plan { policy, repeat: Repeat::Always, ..plan }
    });
    every_law_holds(10, 600, plans);
}

#[test]
fn law_10_a_race_opens_all_its_lanes_at_the_start() {
    let policy = NINE.lanes(4);
    let mut call = Call::with_lanes::<4>(&policy, &(), at(5), 1);
    assert_eq!([1, 2, 3, 4].map(|_| sent(call.poll(at(5)))), [1, 2, 3, 4]);
    assert_eq!(call.poll(at(5)), Action::Wait { until: None, reason: WaitReason::Outcome });
    let policy = NINE.lanes(4).attempts(2);
    let mut call = Call::with_lanes::<4>(&policy, &(), at(5), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(5)))), [1, 2]);
    assert_eq!(call.poll(at(5)), Action::Wait { until: None, reason: WaitReason::Outcome });
}

#[test]
fn law_10_a_hedge_opens_after_the_oldest_send_or_the_last_opening() {
    let mut call = Call::with_lanes::<3>(&HEDGE, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(waits_until(call.poll(at(0))), 50);
    // Polled late: the next hedge counts from the opening at 70 ms, not from the oldest send.
    assert_eq!(sent(call.poll(at(70))), 2);
    assert_eq!(waits_until(call.poll(at(70))), 120);
    // Both fail and are sent again, at 190 and 200 ms: the oldest send in flight is younger than the last opening.
    retries(call.handle(at(90), 1, Verdict::retry()));
    retries(call.handle(at(100), 2, Verdict::retry()));
    assert_eq!(sent(call.poll(at(190))), 3);
    assert_eq!(sent(call.poll(at(200))), 4);
    assert_eq!(waits_until(call.poll(at(200))), 240);
    assert_eq!(sent(call.poll(at(240))), 5);
}

#[test]
fn law_10_no_hedge_opens_while_nothing_is_in_flight() {
    let mut call = Call::with_lanes::<3>(&HEDGE, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(40), 1, Verdict::retry()));
    assert_eq!(call.poll(at(40)), Action::Wait { until: Some(at(140)), reason: WaitReason::Backoff });
    assert_eq!(waits_until(call.poll(at(139))), 140);
}

#[test]
fn law_10_a_lane_that_has_not_opened_keeps_no_call_alive() {
    let policy = HEDGE.lane_attempts(1);
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(call.handle(at(40), 1, Verdict::retry()), Handled::Over);
    assert!(matches!(call.poll(at(40)), Action::GiveUp(stop) if stop.reason() == Reason::Attempts));
}

#[test]
fn law_10_with_the_option_a_failure_opens_the_next_lane_at_once() {
    let policy = HEDGE.lane_attempts(1).hedge_on_failure(true);
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(lane_ends(call.handle(at(10), 1, Verdict::retry())), Reason::Attempts);
    assert_eq!(sent(call.poll(at(10))), 2);
    assert_eq!(waits_until(call.poll(at(10))), 60);
    // A hint is waited for.
    assert_eq!(lane_ends(call.handle(at(20), 2, Verdict::retry().after(ms(30)))), Reason::Attempts);
    assert_eq!(call.poll(at(20)), Action::Wait { until: Some(at(50)), reason: WaitReason::Hedge });
    assert_eq!(sent(call.poll(at(50))), 3);
    assert_eq!(call.handle(at(60), 3, Verdict::retry()), Handled::Over);
}

#[test]
fn law_10_a_hint_about_another_target_holds_up_no_lane_that_a_failure_opens() {
    let policy = HEDGE.hedge_on_failure(true).hint_limit(ms(10_000)).separate_targets(true);
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    retries(call.handle(at(60), 1, Verdict::retry().after(ms(5000))));
    assert_eq!(call.poll(at(60)), Action::Wait { until: Some(at(5060)), reason: WaitReason::Hedge });
    let policy = policy.lanes(4);
    let mut call: Call<_, _, 4> = Call::with_lanes::<4>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    retries(call.handle(at(60), 1, Verdict::retry().after(ms(5000))));
    retries(call.handle(at(70), 2, Verdict::retry()));
    assert_eq!(sent(call.poll(at(70))), 3);
}
