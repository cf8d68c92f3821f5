//! How many sends there are, and when hedges are among them.

use insist_core::{Action, Call, Cause, Handled, Jitter, Policy, Reason, Repeat, Verdict, WaitReason};
use insist_tests::by_hand::{ByHand, NO, due, first, hedge, lane_ends, retries, retry, sent, timed_out, waits_until};
use insist_tests::laws::{law_2, law_7, law_10};
use insist_tests::plan::Plan;
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::record::{Did, Question, Sending};
use insist_tests::words::{at, ms};
use proptest::prelude::*;

use super::sees;

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
fn law_2_its_reader_sees_gaps_and_too_many() {
    let policy = PLAIN.attempts(3).lane_attempts(2).lanes(2);
    let start = ByHand::new(policy).poll(0, first(1));
    assert_eq!(law_2(&start.clone().poll(0, hedge(2, 1)).record()), Ok(()));
    sees(law_2, &start.clone().poll(0, hedge(3, 1)).record(), "leaves a gap");
    sees(law_2, &start.clone().poll(0, hedge(2, 2)).record(), "more in flight than lanes");
    sees(law_2, &start.clone().poll(0, first(2)).record(), "has one in flight");
    sees(law_2, &start.clone().poll(0, retry(2, 1, 1)).record(), "number in the lane");
    sees(
        law_2,
        &start
            .clone()
            .poll(0, Did::Send(Sending { id: 2, retry: 0, lane: 1, kind: insist_core::Kind::First, timeout: None }))
            .record(),
        "its kind",
    );

    let fail = |record: ByHand, id| record.handle(0, id, Verdict::retry(), due(100));
    let unpromised = fail(start.clone(), 1).poll(1, retry(2, 1, 0));
    sees(law_2, &unpromised.record(), "promised none");
    let twice = fail(fail(start.clone(), 1).reserved().poll(1, retry(2, 1, 0)), 2).reserved();
    sees(law_2, &twice.poll(2, retry(3, 2, 0)).record(), "its lane is used up");
    // Two sends, a promise to lane 0, and lane 1 promised a fourth.
    let promised = fail(start.clone().poll(0, hedge(2, 1)), 1).reserved();
    assert_eq!(law_2(&promised.clone().record()), Ok(()));
    sees(law_2, &fail(promised, 2).reserved().record(), "4 sends are made or promised");
    let mut miscounted = start.record();
    miscounted.steps[1].counts.retries = 1;
    sees(law_2, &miscounted, "it counts");
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

#[test]
fn law_7_its_reader_sees_a_timeout_that_is_too_long_and_one_that_is_not_kept() {
    let policy = PLAIN.attempt_timeout(ms(80)).deadline(ms(100));
    let send = |timeout: u64| {
        Did::Send(Sending {
            id: 1,
            retry: 0,
            lane: 0,
            kind: insist_core::Kind::First,
            timeout: Some(timeout * 1_000_000),
        })
    };
    let wait = Did::Wait(None, WaitReason::Outcome);
    assert_eq!(law_7(&ByHand::new(policy).poll(0, send(80)).poll(80, timed_out(1)).record()), Ok(()));
    assert_eq!(law_7(&ByHand::new(policy).poll(40, send(60)).record()), Ok(()));
    sees(law_7, &ByHand::new(policy).poll(40, send(80)).record(), "its timeout is");
    sees(law_7, &ByHand::new(policy).poll(0, first(1)).record(), "its timeout is");
    sees(law_7, &ByHand::new(policy).poll(100, send(80)).record(), "no time is left");
    sees(law_7, &ByHand::new(policy).poll(0, send(80)).poll(79, timed_out(1)).record(), "before its time");
    sees(law_7, &ByHand::new(policy).poll(0, send(80)).poll(80, wait).record(), "goes on");
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
fn law_10_a_hint_holds_up_no_lane_that_another_failure_opens() {
    let policy = HEDGE.hedge_on_failure(true).hint_limit(ms(10_000));
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

#[test]
fn law_10_its_reader_sees_lanes_that_open_too_early_and_too_late() {
    let start = ByHand::new(HEDGE).poll(0, first(1));
    assert_eq!(law_10(&start.clone().poll(50, hedge(2, 1)).poll(100, hedge(3, 2)).record()), Ok(()));
    sees(law_10, &start.clone().poll(49, hedge(2, 1)).record(), "it opens at 49000000");
    sees(law_10, &start.clone().poll(50, hedge(2, 2)).record(), "lane 2 opens, not lane 1");
    sees(law_10, &start.clone().poll(50, hedge(2, 1)).poll(99, hedge(3, 2)).record(), "it opens at 99000000");
    let failed = start.clone().handle(10, 1, Verdict::retry(), due(110)).reserved();
    sees(law_10, &failed.poll(60, hedge(2, 1)).record(), "it opens at 60000000, not None");
    let wait = |until: Option<u64>| Did::Wait(until.map(|millis| millis * 1_000_000), WaitReason::Outcome);
    sees(law_10, &start.clone().poll(0, wait(None)).record(), "is to open at 50000000");
    sees(law_10, &start.clone().poll(0, wait(Some(51))).record(), "is to open at 50000000");
    sees(law_10, &start.clone().poll(50, wait(Some(51))).record(), "was to open at 50000000");
    assert_eq!(law_10(&start.clone().poll(0, wait(Some(50))).record()), Ok(()));
    let race = ByHand::new(NINE.lanes(2)).poll(0, first(1));
    sees(law_10, &race.clone().poll(0, wait(None)).record(), "was to open at 0");
    sees(law_10, &race.repeat(Repeat::IfUnsent).poll(0, hedge(2, 1)).record(), "may not always be repeated");
    let refused = start.poll(50, wait(Some(100))).told(Question::Reserve(Cause::HEDGE, NO));
    assert_eq!(law_10(&refused.clone().poll(100, hedge(2, 2)).record()), Ok(()));
    sees(law_10, &refused.poll(60, hedge(2, 2)).record(), "it opens at 60000000");
    let on_failure = ByHand::new(HEDGE.hedge_on_failure(true)).poll(0, first(1));
    let failed = on_failure.handle(10, 1, Verdict::retry().after(ms(5)), due(110)).reserved();
    assert_eq!(law_10(&failed.clone().poll(15, hedge(2, 1)).record()), Ok(()));
    sees(law_10, &failed.clone().poll(14, hedge(2, 1)).record(), "it opens at 14000000");
    sees(law_10, &failed.poll(15, wait(Some(110))).record(), "was to open at 15000000");
}
