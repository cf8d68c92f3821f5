//! Ties: at one instant, outcomes by id, then the deadline, attempt timeouts, due sends, hedges. And what an end tells.

use insist_core::{Action, Call, CancelReason, Cause, GiveUp, Handled, Jitter, Policy, Reason, Verdict, WaitReason};
use insist_tests::by_hand::{ByHand, at, cancel, first, gave_up, lane_ends, ms, retries, sent, waits_until};
use insist_tests::plan::{Move, Plan, Shift};
use insist_tests::property::every_law_holds;
use insist_tests::record::Did;
use insist_tests::{model, random};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::sees;

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
    assert_eq!((stop.reason(), stop.last()), (Reason::Deadline, None));
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
    assert_eq!((third.id, third.lane), (3, 1));
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
        assert_eq!((stop.reason(), stop.last(), stop.hint()), (reason, Some(order[1].0), Some(ms(2000))));
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
    assert_eq!((stop.reason(), stop.last()), (Reason::Attempts, Some(1)));
}

#[test]
fn a_cancelled_call_tells_what_it_has() {
    let mut call = Call::new(&PLAIN, &(), at(0), 1);
    call.cancel(at(0));
    let nothing = gives_up(call.poll(at(0)));
    assert_eq!((nothing.reason(), nothing.last()), (Reason::Cancelled, None));
    let mut call = Call::new(&PLAIN, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(10), 1, Verdict::retry()));
    call.cancel(at(20));
    let one = gives_up(call.poll(at(20)));
    assert_eq!(
        (one.reason(), one.last(), call.state().attempts(), call.state().retries()),
        (Reason::Cancelled, Some(1), 1, 0)
    );
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
    sees(model::check, &wait(WaitReason::AttemptTimeout), "the laws expect Wait");
    sees(model::check, &ByHand::new(policy).poll(0, first(1)).told(admit).record(), "the laws expect Send");
    sees(model::check, &ByHand::new(policy).poll(0, send).record(), "the laws expect admit");
    let failed = start.handle(10, 1, Verdict::retry(), Handled::Over).over();
    sees(model::check, &failed.clone().record(), "the gate was not told");
    let ended = insist_core::Settled::Ended(Verdict::retry().into(), at(0));
    let failed = failed.told(insist_tests::record::Question::Settle(Cause::FIRST, ended));
    let give_up = |reason, last| failed.clone().poll(10, gave_up(reason, last)).record();
    assert_eq!(model::check(&give_up(Reason::Attempts, Some(1))), Ok(()));
    sees(model::check, &give_up(Reason::Deadline, Some(1)), "the laws expect GiveUp");
    sees(model::check, &give_up(Reason::Attempts, None), "the laws expect GiveUp");
}
