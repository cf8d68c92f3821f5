//! Law 5, success wins; and a call gives up only when no lane can go on.

use insist_core::{Action, Call, CancelReason, Handled, Jitter, Policy, Reason, Verdict, WaitReason};
use insist_tests::by_hand::{ByHand, RETRY, at, cancel, due, first, gave_up, hedge, lane_ends, ms, retries, sent};
use insist_tests::laws::law_5;
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::record::Did;

use crate::sees;

const RACE: Policy = Policy::constant(ms(10)).jitter(Jitter::None).attempts(10).lane_attempts(2).lanes(2);

#[test]
fn law_5_success_wins() {
    every_law_holds(5, 600, random::plan());
}

#[test]
fn law_5_a_success_wins_whatever_failed_before() {
    let mut call = Call::with_lanes::<2>(&RACE, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    retries(call.handle(at(1), 1, Verdict::retry()));
    assert_eq!(call.handle(at(2), 2, Verdict::Accept), Handled::Over);
    assert_eq!(call.poll(at(50)), Action::Return(2));
}

#[test]
fn law_5_a_stop_ends_the_call_whatever_else_is_in_flight() {
    let mut call = Call::with_lanes::<2>(&RACE, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    assert_eq!(call.handle(at(1), 2, Verdict::Stop), Handled::Over);
    assert_eq!(call.poll(at(1)), cancel(1, CancelReason::Lost));
    assert!(
        matches!(call.poll(at(1)), Action::GiveUp(stop) if stop.reason() == Reason::Stopped && stop.last() == Some(2))
    );
}

#[test]
fn law_5_a_lane_that_ends_leaves_the_others_alone() {
    let policy = RACE.lane_attempts(1);
    let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    assert_eq!(lane_ends(call.handle(at(1), 1, Verdict::retry())), Reason::Attempts);
    assert_eq!(call.poll(at(1)), Action::Wait { until: None, reason: WaitReason::Outcome });
    assert_eq!(call.handle(at(2), 2, Verdict::retry()), Handled::Over);
}

#[test]
fn law_5_a_resumed_call_judges_every_lost_attempt_before_it_gives_up() {
    let mut call = Call::with_lanes::<2>(&RACE, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    retries(call.handle(at(1), 1, Verdict::retry()));
    // Lane 0 has its last attempt in flight, lane 1 its first.
    assert_eq!(sent(call.poll(at(11))), 3);
    let mut call: Call<_, _, 2> = Call::try_resume(&RACE, &(), at(20), call.suspend()).expect("it fits");
    assert!(!call.is_over());
    match call.poll(at(30)) {
        Action::Send(attempt) => assert_eq!((attempt.id, attempt.lane, attempt.retry), (4, 1, 1)),
        other => panic!("{other}"),
    }
}

#[test]
fn law_5_a_race_that_is_held_back_goes_on_without_its_first_lane() {
    let policy = RACE.lane_attempts(1);
    let notes = std::cell::RefCell::new(Vec::new());
    let answers = insist_tests::gate::Answers {
        reserve: vec![],
        admit: vec![insist_tests::gate::Answer::Yes, insist_tests::gate::Answer::In(50_000_000)],
    };
    let gate = insist_tests::gate::Scripted::new(0, answers, &notes);
    let mut call = Call::with_lanes::<2>(&policy, &gate, at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert!(matches!(call.poll(at(0)), Action::Wait { reason: WaitReason::Gate, .. }));
    assert_eq!(lane_ends(call.handle(at(1), 1, Verdict::retry())), Reason::Attempts);
    assert_eq!(sent(call.poll(at(50))), 2);
}

#[test]
fn law_5_its_reader_sees_a_call_that_gives_up_too_early_or_never() {
    let won = ByHand::new(RACE).poll(0, first(1)).handle(1, 1, Verdict::Accept, Handled::Over).over();
    assert_eq!(law_5(&won.clone().poll(1, Did::Return(1)).record()), Ok(()));
    sees(law_5, &won.clone().poll(1, Did::Return(2)).record(), "was expected");
    sees(law_5, &won.poll(1, gave_up(Reason::Attempts, Some(1))).record(), "was expected");
    let lost = ByHand::new(RACE).poll(0, first(1)).handle(1, 1, Verdict::retry(), Handled::Over).over();
    sees(law_5, &lost.clone().record(), "a lane can go on"); // lane 1 is to race
    let one = ByHand::new(RACE.lanes(1)).poll(0, first(1));
    let failed = one.clone().handle(1, 1, Verdict::retry(), Handled::Over).over();
    assert_eq!(law_5(&failed.clone().record()), Ok(()));
    sees(law_5, &failed.poll(1, Did::Return(1)).record(), "None was expected");
    sees(law_5, &one.clone().handle(1, 1, Verdict::retry(), due(101)).record(), "does not give up");
    sees(law_5, &one.clone().handle(1, 1, Verdict::Accept, due(101)).record(), "did not end the call");
    let stopped = one.handle(1, 1, Verdict::Stop, Handled::Over).over();
    sees(law_5, &stopped.poll(1, gave_up(Reason::Attempts, Some(1))).record(), "stopped is true");
    // Lane 0 waits, lane 1 fails for good, and the wait is given up.
    let both = ByHand::new(RACE).poll(0, first(1)).poll(0, hedge(2, 1));
    let waiting = both.handle(1, 1, Verdict::retry(), due(101)).reserved();
    let dropped = waiting.handle(2, 2, Verdict::retry(), Handled::Over).over();
    let dropped = dropped.told(insist_tests::record::Question::Refund(RETRY, at(1)));
    sees(law_5, &dropped.record(), "a lane can go on");
}
