//! How a call ends, and that a success is returned.

use insist_core::{Action, Call, CancelReason, Handled, Jitter, Policy, Reason, Verdict, WaitReason};
use insist_tests::by_hand::{cancel, lane_ends, retries, sent};
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::words::{at, ms};

const RACE: Policy = Policy::constant(ms(100)).attempts(6).lanes(3);

#[test]
fn law_1_a_call_ends_exactly_once() {
    every_law_holds(1, 400, random::plan());
}

#[test]
fn law_1_the_end_is_given_for_ever() {
    let mut call = Call::new(&RACE, &(), at(0), 1);
    assert_eq!(call.poll(at(0)), Action::GiveUp(give_up_of_an_invalid_call()));

    let policy = Policy::zero();
    let mut call = Call::new(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(call.handle(at(1), 1, Verdict::Accept), Handled::Over);
    for millis in [1, 0, 5000] {
        assert_eq!(call.poll(at(millis)), Action::Return(1));
        assert!(call.is_over());
        assert_eq!(call.handle(at(millis), 1, Verdict::Stop), Handled::Late);
        call.cancel(at(millis));
    }
}

/// A call without room for its lanes.
fn give_up_of_an_invalid_call() -> insist_core::GiveUp {
    match Call::new(&Policy::zero().attempts(0), &(), at(0), 1).poll(at(0)) {
        Action::GiveUp(stop) => stop,
        other => panic!("{other}"),
    }
}

#[test]
fn law_3_each_attempt_has_exactly_one_end() {
    every_law_holds(3, 400, random::plan());
}

#[test]
fn law_3_what_comes_later_is_said_to_be_late() {
    let policy = RACE.attempt_timeout(ms(50));
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1);
    assert_eq!([1, 2, 3].map(|_| sent(call.poll(at(0)))), [1, 2, 3]);
    for id in [0, 4, u32::MAX] {
        assert_eq!(call.handle(at(1), id, Verdict::Accept), Handled::Unknown);
    }
    retries(call.handle(at(1), 2, Verdict::retry()));
    assert_eq!(call.handle(at(1), 2, Verdict::Accept), Handled::Late);
    assert_eq!(call.poll(at(60)), cancel(1, CancelReason::Timeout));
    assert_eq!(call.handle(at(60), 1, Verdict::Accept), Handled::Late);
    // Its time is over too, but the machine has not said so yet: it counts.
    assert_eq!(call.handle(at(60), 3, Verdict::Accept), Handled::Over);
    assert_eq!(call.handle(at(60), 3, Verdict::Accept), Handled::Late);
    assert_eq!(call.poll(at(60)), Action::Return(3));
}

#[test]
fn law_3_a_cancel_says_why() {
    let policy = RACE.attempt_timeout(ms(50)).deadline(ms(300));
    let racing = || {
        let mut call = Call::with_lanes::<3>(&policy, (), at(0), 1);
        assert_eq!([1, 2, 3].map(|_| sent(call.poll(at(0)))), [1, 2, 3]);
        call
    };
    let mut slow = racing();
    assert_eq!([1, 2].map(|_| slow.poll(at(50))), [1, 2].map(|id| cancel(id, CancelReason::Timeout)));
    for verdict in [Verdict::Accept, Verdict::Stop] {
        let mut won = racing();
        assert_eq!(won.handle(at(20), 2, verdict), Handled::Over);
        // The deadline and the user come too late to be the reason.
        won.cancel(at(20));
        assert_eq!([1, 3].map(|_| won.poll(at(400))), [1, 3].map(|id| cancel(id, CancelReason::Lost)));
    }
    let mut late = racing();
    assert_eq!([1, 2, 3].map(|_| late.poll(at(300))), [1, 2, 3].map(|id| cancel(id, CancelReason::Deadline)));
    let mut given_up = racing();
    given_up.cancel(at(10));
    assert_eq!([1, 2, 3].map(|_| given_up.poll(at(300))), [1, 2, 3].map(|id| cancel(id, CancelReason::Cancelled)));
}

#[test]
fn law_4_all_cancels_come_before_the_end() {
    every_law_holds(4, 400, random::plan());
}

#[test]
fn law_4_losers_are_cancelled_oldest_first_and_then_it_returns() {
    let mut call = Call::with_lanes::<3>(&RACE, &(), at(0), 1);
    assert_eq!([1, 2, 3].map(|_| sent(call.poll(at(0)))), [1, 2, 3]);
    assert_eq!(call.handle(at(18), 2, Verdict::Accept), Handled::Over);
    assert_eq!(call.poll(at(18)), cancel(1, CancelReason::Lost));
    assert_eq!(call.poll(at(18)), cancel(3, CancelReason::Lost));
    assert_eq!(call.poll(at(18)), Action::Return(2));
    assert_eq!(call.poll(at(18)), Action::Return(2));
}

const TWO_LANES: Policy = Policy::constant(ms(10)).jitter(Jitter::None).attempts(10).lane_attempts(2).lanes(2);

#[test]
fn law_5_success_wins() {
    every_law_holds(5, 600, random::plan());
}

#[test]
fn law_5_a_success_wins_whatever_failed_before() {
    let mut call = Call::with_lanes::<2>(&TWO_LANES, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    retries(call.handle(at(1), 1, Verdict::retry()));
    assert_eq!(call.handle(at(2), 2, Verdict::Accept), Handled::Over);
    assert_eq!(call.poll(at(50)), Action::Return(2));
}

#[test]
fn law_5_a_stop_ends_the_call_whatever_else_is_in_flight() {
    let mut call = Call::with_lanes::<2>(&TWO_LANES, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    assert_eq!(call.handle(at(1), 2, Verdict::Stop), Handled::Over);
    assert_eq!(call.poll(at(1)), cancel(1, CancelReason::Lost));
    assert!(
        matches!(call.poll(at(1)), Action::GiveUp(stop) if stop.reason() == Reason::Stopped && stop.last() == Some(2))
    );
}

#[test]
fn law_5_a_lane_that_ends_leaves_the_others_alone() {
    let policy = TWO_LANES.lane_attempts(1);
    let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    assert_eq!(lane_ends(call.handle(at(1), 1, Verdict::retry())), Reason::Attempts);
    assert_eq!(call.poll(at(1)), Action::Wait { until: None, reason: WaitReason::Outcome });
    assert_eq!(call.handle(at(2), 2, Verdict::retry()), Handled::Over);
}

#[test]
fn law_5_a_resumed_call_judges_every_lost_attempt_before_it_gives_up() {
    let mut call = Call::with_lanes::<2>(&TWO_LANES, &(), at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    retries(call.handle(at(1), 1, Verdict::retry()));
    // Lane 0 has its last attempt in flight, lane 1 its first.
    assert_eq!(sent(call.poll(at(11))), 3);
    let mut call: Call<_, _, 2> = Call::try_resume(&TWO_LANES, &(), at(20), call.suspend()).expect("it fits");
    assert!(!call.is_over());
    match call.poll(at(30)) {
        Action::Send(attempt) => assert_eq!((attempt.id, attempt.lane, attempt.retry), (4, 1, 1)),
        other => panic!("{other}"),
    }
}

#[test]
fn law_5_a_race_that_is_held_back_goes_on_without_its_first_lane() {
    let policy = TWO_LANES.lane_attempts(1);
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
