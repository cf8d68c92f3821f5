//! Instants: time that goes back, things that happen at one instant, and the same call once more.

use core::time::Duration;

use insist_core::{
    Action, AtEnd, Backoff, Call, CancelReason, Cause, GiveUp, Handled, Jitter, List, Policy, Reason, RetryContext,
    Rng, Verdict, WaitReason,
};
use insist_tests::by_hand::{ByHand, cancel, first, gave_up, lane_ends, retries, sent, waits_until};
use insist_tests::plan::{Move, Plan, Shift};
use insist_tests::property::{every_law_holds, hold};
use insist_tests::record::Did;
use insist_tests::words::{at, ms};
use insist_tests::{expected, model, random, world};
use proptest::collection::vec;
use proptest::prelude::*;

const PLAIN: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(9);

fn gives_up(action: Action) -> GiveUp {
    match action {
        Action::GiveUp(stop) => stop,
        other => panic!("{other} is no give-up"),
    }
}

/// Everything happens at multiples of 50 ms, so that much happens at one instant.
#[test]
fn ties_are_broken_as_the_model_breaks_them() {
    let moves = prop_oneof![
        4 => Just(Move::Drive(Shift::Due)),
        1 => Just(Move::Drive(Shift::By(50_000_000))),
        1 => Just(Move::Suspend(Shift::Due)),
        4 => (any::<u8>(), random::verdict()).prop_map(|(pick, verdict)| Move::End(pick, Shift::Due, verdict)),
        2 => (any::<u8>()).prop_map(|pick| Move::End(pick, Shift::Stay, Verdict::retry())),
    ];
    let times = (0_u64..=2, 1_u64..=4, 2_u64..=8, 0_u64..=2, any::<bool>());
    let plans = (random::plan(), times, vec(moves, 0..24)).prop_map(|(plan, times, moves)| {
        let (base, timeout, deadline, hedge, on_failure) = times;
        let policy = Policy::constant(ms(base * 50)).jitter(Jitter::None).attempts(7).lanes(3);
        let policy = policy.hedge_after(ms(hedge * 50)).hedge_on_failure(on_failure);
        let policy = policy.attempt_timeout(ms(timeout * 50)).deadline(ms(deadline * 50));
        Plan { policy, start: 0, moves, ..plan }
    });
    every_law_holds(17, 800, plans);
}

#[test]
fn an_answer_exactly_at_the_timeout_or_the_deadline_counts() {
    let policy = PLAIN.attempt_timeout(ms(50)).deadline(ms(50));
    let mut call = Call::new(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(call.handle(at(50), 1, Verdict::Accept), Handled::Over);
    assert_eq!(call.poll(at(50)), Action::Return(1));
}

#[test]
fn the_deadline_comes_before_a_timeout_at_the_same_instant() {
    let policy = PLAIN.attempt_timeout(ms(50)).deadline(ms(50)).lanes(2);
    let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    assert_eq!(call.poll(at(0)), Action::Wait { until: Some(at(50)), reason: WaitReason::Deadline });
    assert_eq!([1, 2].map(|_| call.poll(at(50))), [1, 2].map(|id| cancel(id, CancelReason::Deadline)));
    let stop = gives_up(call.poll(at(50)));
    assert_eq!(stop.reason(), Reason::Deadline);
    assert_eq!(stop.last(), None);
}

#[test]
fn a_timeout_comes_before_a_due_send_and_a_due_send_before_a_hedge() {
    // At 100 ms: attempt 1 has had its time, lane 1's retry is due, and so is the hedge of lane 2.
    let policy = PLAIN.attempt_timeout(ms(100)).lanes(3).hedge_after(ms(50));
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    retries(call.handle(at(50), 2, Verdict::retry().exactly_after(ms(50))));
    assert_eq!(call.poll(at(50)), Action::Wait { until: Some(at(100)), reason: WaitReason::AttemptTimeout });
    assert_eq!(call.poll(at(100)), cancel(1, CancelReason::Timeout));
    let Action::Send(third) = call.poll(at(100)) else { panic!("the retry is due") };
    assert_eq!(third.id, 3);
    assert_eq!(third.lane, 1);
    // The oldest send in flight is the one of this instant now, so the hedge is due 50 ms later.
    assert_eq!(waits_until(call.poll(at(100))), 150);
    assert_eq!(sent(call.poll(at(150))), 4);
}

#[test]
fn a_due_send_is_promised_before_a_hedge_of_the_same_instant_takes_the_last_attempt() {
    let policy = PLAIN.attempts(3).lanes(3).hedge_after(ms(50));
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    // The outcome comes first at 100 ms, so its retry has the last attempt, and not the hedge that is due.
    retries(call.handle(at(100), 2, Verdict::retry()));
    assert_eq!(call.poll(at(100)), Action::Wait { until: Some(at(200)), reason: WaitReason::Backoff });
}

#[test]
fn timeouts_of_one_instant_are_judged_by_id() {
    let policy = PLAIN.attempts(3).attempt_timeout(ms(50)).lanes(2);
    let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    assert_eq!([1, 2].map(|_| call.poll(at(60))), [1, 2].map(|id| cancel(id, CancelReason::Timeout)));
    // Attempt 1 was judged first, and had the last send; both from 60 ms, when the machine saw them.
    let Action::Wait { until, .. } = call.poll(at(60)) else { panic!("it waits") };
    assert_eq!(until, Some(at(160)));
    assert!(matches!(call.poll(at(160)), Action::Send(third) if (third.id, third.lane) == (3, 0)));
}

#[test]
fn the_reason_is_that_of_the_lane_that_ended_last() {
    let policy = PLAIN.attempts(9).lane_attempts(2).lanes(2).hint_limit(ms(1000));
    let too_long = Verdict::retry().after(ms(2000));
    for (first, second, reason) in
        [(too_long, Verdict::retry(), Reason::Attempts), (Verdict::retry(), too_long, Reason::RetryAfter)]
    {
        let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 1);
        assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
        // Lane 0 is at its last attempt, so a retry ends it for want of attempts, as does anything else.
        let (lane_0, lane_1) = if reason == Reason::Attempts { (second, first) } else { (first, second) };
        retries(call.handle(at(0), 1, Verdict::retry()));
        assert_eq!(sent(call.poll(at(100))), 3);
        let order = if reason == Reason::Attempts { [(2, lane_1), (3, lane_0)] } else { [(3, lane_0), (2, lane_1)] };
        let first_reason = if reason == Reason::Attempts { Reason::RetryAfter } else { Reason::Attempts };
        assert_eq!(lane_ends(call.handle(at(110), order[0].0, order[0].1)), first_reason);
        assert_eq!(call.handle(at(120), order[1].0, order[1].1), Handled::Over);
        let stop = gives_up(call.poll(at(120)));
        assert_eq!(stop.reason(), reason);
        assert_eq!(stop.last(), Some(order[1].0));
        assert_eq!(stop.hint(), Some(ms(2000)));
    }
}

#[test]
fn what_is_handed_back_is_the_latest_attempt_that_had_a_verdict() {
    let policy = PLAIN.attempt_timeout(ms(50)).attempts(3);
    let mut call = Call::new(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(10), 1, Verdict::retry()));
    assert_eq!(sent(call.poll(at(110))), 2);
    assert_eq!(call.poll(at(160)), cancel(2, CancelReason::Timeout));
    assert_eq!(sent(call.poll(at(260))), 3);
    assert_eq!(call.poll(at(310)), cancel(3, CancelReason::Timeout));
    let stop = gives_up(call.poll(at(310)));
    assert_eq!(stop.reason(), Reason::Attempts);
    assert_eq!(stop.last(), Some(1));
}

#[test]
fn a_cancelled_call_tells_what_it_has() {
    let mut call = Call::new(&PLAIN, &(), at(0), 1);
    call.cancel(at(0));
    let nothing = gives_up(call.poll(at(0)));
    assert_eq!(nothing.reason(), Reason::Cancelled);
    assert_eq!(nothing.last(), None);
    let mut call = Call::new(&PLAIN, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(10), 1, Verdict::retry()));
    call.cancel(at(20));
    let one = gives_up(call.poll(at(20)));
    assert_eq!(one.reason(), Reason::Cancelled);
    assert_eq!(one.last(), Some(1));
    assert_eq!(call.state().attempts(), 1);
    assert_eq!(call.state().retries(), 0);
}

/// That the model sees what is wrong with a record, and says so in these words.
fn sees(record: &insist_tests::record::Record, words: &str) {
    let broken = model::check(record).expect_err("the record breaks a law");
    assert!(broken.why.contains(words), "{broken}");
}

#[test]
fn the_model_sees_another_order_and_another_end() {
    let policy = PLAIN.lanes(1).attempts(1).attempt_timeout(ms(50)).deadline(ms(50));
    let send = Did::Send(insist_tests::record::Sending {
        id: 1,
        retry: 0,
        lane: 0,
        kind: insist_core::Kind::First,
        timeout: Some(50_000_000),
    });
    let admit = insist_tests::record::Question::Admit(Cause::FIRST, insist_core::Admission::Yes);
    let start = ByHand::new(policy).poll(0, send).told(admit);
    let wait = |reason| start.clone().poll(0, Did::Wait(Some(50_000_000), reason)).record();
    assert_eq!(model::check(&wait(WaitReason::Deadline)), Ok(()));
    sees(&wait(WaitReason::AttemptTimeout), "the laws expect Wait");
    sees(&ByHand::new(policy).poll(0, first(1)).told(admit).record(), "the laws expect Send");
    sees(&ByHand::new(policy).poll(0, send).record(), "the laws expect admit");
    let failed = start.handle(10, 1, Verdict::retry(), Handled::Over).over();
    sees(&failed.clone().record(), "the gate was not told");
    let ended = insist_core::Settled::Ended(Verdict::retry().into(), at(0));
    let failed = failed.told(insist_tests::record::Question::Settle(Cause::FIRST, ended));
    let give_up = |reason, last| failed.clone().poll(10, gave_up(reason, last)).record();
    assert_eq!(model::check(&give_up(Reason::Attempts, Some(1))), Ok(()));
    sees(&give_up(Reason::Deadline, Some(1)), "the laws expect GiveUp");
    sees(&give_up(Reason::Attempts, None), "the laws expect GiveUp");
}

#[test]
fn law_13_time_that_goes_back_is_time_that_stands() {
    hold(13, 600, random::plan(), |plan, record| {
        let standing = world::again(plan, record, true);
        let differs = standing.steps.iter().zip(&record.steps).find(|(one, other)| one != other);
        differs.map_or(Ok(()), |(one, other)| Err(format!("{other:?} is {one:?} when time stands\n{record}")))
    });
}

#[test]
fn law_13_what_happens_in_the_past_happens_now() {
    let policy = Policy::constant(ms(100)).jitter(Jitter::None).deadline(ms(1000));
    let mut call = Call::new(&policy, &(), at(500), 1);
    // Sent at 500, the start, so 1000 ms are left.
    let Action::Send(attempt) = call.poll(at(100)) else { panic!("it does not send") };
    assert_eq!(attempt.timeout(), Some(ms(1000)));
    assert_eq!(waits_until(call.poll(at(600))), 1500);
    retries(call.handle(at(0), 1, Verdict::retry()));
    assert_eq!(waits_until(call.poll(at(0))), 700);
    assert_eq!(waits_until(call.poll(at(699))), 700);
    assert_eq!(sent(call.poll(at(700))), 2);
    let mut call: Call<_, _, 1> = Call::try_resume(&policy, &(), at(0), call.suspend()).expect("it fits");
    assert_eq!(waits_until(call.poll(at(0))), 800);
}

#[test]
fn law_14_the_same_policy_seed_events_and_times_give_the_same_actions() {
    hold(14, 600, random::plan(), |plan, record| {
        let again = world::again(plan, record, false);
        let differs = again.steps.iter().zip(&record.steps).find(|(one, other)| one != other);
        differs.map_or(Ok(()), |(one, other)| Err(format!("{other:?} is {one:?} the second time\n{record}")))
    });
}

#[test]
fn law_14_another_seed_gives_other_waits() {
    let policy = Policy::exponential(ms(100)).attempts(5);
    assert!(policy.delays(1).ne(policy.delays(2)));
    assert!(policy.delays(1).eq(policy.delays(1)));
}

fn delays(policy: Policy, seed: u64) -> Vec<u64> {
    policy.attempts(6).delays(seed).map(expected::nanos).collect()
}

/// These numbers never change. Whoever has a seed from an old report can play its call again.
#[test]
fn law_14_these_draws_are_as_they_have_always_been() {
    let exponential = Policy::exponential(ms(100));
    assert_eq!(delays(exponential, 0), GOLDEN[0]);
    assert_eq!(delays(exponential, 1), GOLDEN[1]);
    assert_eq!(delays(exponential, u64::MAX), GOLDEN[2]);
    assert_eq!(delays(Policy::constant(ms(1000)).jitter(Jitter::Equal), 42), GOLDEN[3]);
    assert_eq!(delays(Policy::linear(ms(100)).jitter(Jitter::fraction(0.33)), 42), GOLDEN[4]);
    assert_eq!(delays(Policy::fibonacci(ms(100)).floor(ms(80)).cap(ms(300)), 42), GOLDEN[5]);
    assert_eq!(delays(Policy::decorrelated(ms(100)), 42), GOLDEN[6]);
    assert_eq!(delays(exponential.factor(1.5), 0xdead_beef), GOLDEN[7]);
    let listed = Policy::list(List::new(&[Duration::from_nanos(3), ms(5)]), AtEnd::Repeat).jitter(Jitter::Full);
    assert_eq!(delays(listed, 7), GOLDEN[8]);
}

const GOLDEN: [[u64; 5]; 9] = [
    [95_570_382, 76_313_779, 146_375_482, 39_340_614, 372_409_077],
    [44_065_529, 61_298_093, 264_968_740, 744_481_031, 1_284_498_966],
    [83_476_998, 83_753_606, 369_876_483, 555_861_413, 1_365_273_205],
    [514_287_603, 764_656_638, 511_798_960, 835_252_428, 778_541_525],
    [68_885_963, 203_869_353, 205_672_388, 445_013_282, 518_837_407],
    [80_571_504, 90_586_266, 82_831_750, 227_511_068, 202_558_271],
    [105_715_041, 214_937_797, 112_856_463, 259_961_934, 478_752_857],
    [45_276_254, 65_968_820, 86_032_663, 277_183_120, 324_110_822],
    [1, 3_681_328, 1_508_024, 3_118_981, 1_860_792],
];

/// Asks for as many nanoseconds as the first random number says, or the second.
struct Words(u8);

impl Backoff for Words {
    fn delay(&self, _: RetryContext, rng: &mut dyn Rng) -> Option<Duration> {
        let words = [rng.next_u64(), rng.next_u64()];
        Some(Duration::from_nanos(words[usize::from(self.0)]))
    }
}

/// The words that the draws are made of, for whoever writes the machine in another language.
#[test]
fn law_14_these_words_are_as_they_have_always_been() {
    let words = |which, seed| -> Vec<u64> {
        let policy = Policy::new(Words(which)).jitter(Jitter::None).attempts(3);
        policy.delays(seed).map(expected::nanos).collect()
    };
    assert_eq!(words(0, 0), [0xf4a9_0164_c474_9e1a, 0x61ae_7fc1_035d_593d]);
    assert_eq!(words(0, 0), [1, 2].map(|number| expected::first_word(0, 0, number)));
    assert_eq!(words(1, 0), [0xbfa9_ae8d_44b4_5a35, 0x1800_0f25_5d7e_55c1]);
    assert_eq!(words(0, u64::MAX), [0xd5b3_7c31_5d75_fa51, 0x6b34_61ac_0e6f_8a6d]);
    // In other lanes the model compares every wait with these.
    assert_eq!(expected::first_word(0, 1, 1), 0x74d0_0273_2a25_5285);
    assert_eq!(expected::first_word(u64::MAX, 255, u32::MAX), 0x88d0_c0a5_51ac_3b27);
}
