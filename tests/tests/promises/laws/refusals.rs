//! What a refusal of a gate says, and what may be repeated.

use std::cell::RefCell;

use insist_core::{Action, Call, CancelReason, Handled, Jitter, Policy, Reason, Refusal, Repeat, Sent, Verdict};
use insist_tests::by_hand::{cancel, due, lane_ends, sent, waits_until};
use insist_tests::gate::{Answer, Answers, Made, Scripted, Watched};
use insist_tests::plan::Plan;
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::words::{at, ms};
use proptest::prelude::*;

const PLAIN: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(5);

#[test]
fn law_11_a_refusal_stops_the_one_attempt_that_it_is_about() {
    let plans = (random::plan(), random::busy(), random::busy()).prop_map(|(plan, first, second)| {
        let answers = [first, second, plan.answers[2].clone()];
        Plan { answers, repeat: Repeat::Always, ..plan }
    });
    every_law_holds(11, 600, plans);
}

#[test]
fn law_11_a_refused_hedge_leaves_the_call_as_it_was() {
    let notes = RefCell::new(Vec::new());
    for answers in [
        Answers { reserve: vec![false, true], admit: vec![] },
        Answers { reserve: vec![], admit: vec![Answer::Yes, Answer::No, Answer::Yes, Answer::Yes] },
        Answers { reserve: vec![], admit: vec![Answer::Yes, Answer::At(0), Answer::Yes, Answer::Yes] },
    ] {
        let gate = Scripted::new(0, answers, &notes);
        let policy = PLAIN.lanes(3).lane_attempts(1).hedge_after(ms(50));
        let mut call = Call::with_lanes::<3>(&policy, &gate, at(0), 1);
        assert_eq!(sent(call.poll(at(0))), 1);
        assert_eq!(waits_until(call.poll(at(0))), 50);
        // Lane 1 never opens; lane 2 may, a hedge delay later.
        assert_eq!(waits_until(call.poll(at(50))), 100);
        match call.poll(at(100)) {
            Action::Send(attempt) => assert_eq!((attempt.id, attempt.lane), (2, 2)),
            other => panic!("{other}"),
        }
        assert_eq!(call.state().hedges(), 1);
        assert_eq!(lane_ends(call.handle(at(110), 1, Verdict::retry())), Reason::Attempts);
        assert_eq!(call.handle(at(110), 2, Verdict::retry()), Handled::Over);
        assert!(matches!(call.poll(at(110)), Action::GiveUp(stop) if stop.reason() == Reason::Attempts));
    }
}

#[test]
fn law_11_a_refused_retry_leaves_what_is_in_flight() {
    let late = Answers { reserve: vec![], admit: vec![Answer::Yes, Answer::Yes, Answer::No] };
    for (answers, handled) in [
        (Answers { reserve: vec![true, false], admit: vec![] }, Handled::LaneEnded { reason: Reason::Refused }),
        (late, due(110)),
    ] {
        let notes = RefCell::new(Vec::new());
        let gate = Scripted::new(0, answers, &notes);
        let policy = PLAIN.lanes(2);
        let mut call = Call::with_lanes::<2>(&policy, &gate, at(0), 1);
        assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
        assert_eq!(call.handle(at(10), 1, Verdict::retry()), handled);
        for millis in [10, 110, 200] {
            assert!(!matches!(call.poll(at(millis)), Action::Send(_) | Action::Cancel { .. } | Action::GiveUp(_)));
        }
        assert_eq!(call.handle(at(300), 2, Verdict::Accept), Handled::Over);
        assert_eq!(call.poll(at(300)), Action::Return(2));
    }
}

#[test]
fn law_11_a_refused_first_send_ends_a_call_with_nothing_to_hand_back() {
    let notes = RefCell::new(Vec::new());
    let gate = Scripted::new(0, Answers { reserve: vec![], admit: vec![Answer::No] }, &notes);
    let mut call = Call::new(&PLAIN, &gate, at(0), 1);
    assert!(
        matches!(call.poll(at(0)), Action::GiveUp(stop) if stop.reason() == Reason::Refused && stop.last().is_none())
    );
}

/// Returns what two gates say who refuse by these scripts, when a call with two lanes that race has failed in both.
fn words_of(first: Answers, second: Answers) -> Option<&'static str> {
    let notes = RefCell::new(Vec::new());
    let gate = Watched::new(Made::Pair, &[first, second, Answers::default()], &notes);
    let policy = PLAIN.lanes(2).lane_attempts(2);
    let mut call = Call::with_lanes::<2>(&policy, &gate, at(0), 1);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    for id in [1, 2] {
        assert!(call.handle(at(10), id, Verdict::retry()).counts());
    }
    loop {
        match call.poll(at(110)) {
            Action::GiveUp(give_up) => return give_up.refusal().map(Refusal::reason),
            Action::Send(attempt) => _ = call.handle(at(110), attempt.id, Verdict::retry()),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn law_11_a_give_up_tells_the_words_of_the_gate_that_ended_the_last_lane() {
    let reserve = |reserve: &[bool]| Answers { reserve: reserve.to_vec(), admit: vec![] };
    let admit = |admit: &[Answer]| Answers { reserve: vec![], admit: admit.to_vec() };
    let (yes, no) = (Answer::Yes, Answer::No);
    // The race's second lane is reserved first.
    assert_eq!(words_of(reserve(&[true, true, false]), reserve(&[true, false])), Some("gate 1 reserves none"));
    assert_eq!(words_of(reserve(&[true, false, true]), reserve(&[true, false])), Some("gate 2 reserves none"));
    assert_eq!(words_of(admit(&[yes, yes, no, no]), reserve(&[])), Some("gate 1 admits none"));
    let too_late = "the wait that a gate asks for leaves no time";
    assert_eq!(words_of(reserve(&[]), admit(&[yes, yes, no, Answer::At(0)])), Some(too_late));
    // The last lane ended for want of attempts.
    assert_eq!(words_of(admit(&[yes, yes, no, yes]), reserve(&[])), None);
}

const RACE: Policy = Policy::constant(ms(10)).jitter(Jitter::None).attempts(5).lanes(3);

#[test]
fn law_16_what_may_have_arrived_is_repeated_only_if_the_call_may_be() {
    let repeat = prop_oneof![Just(Repeat::IfUnsent), Just(Repeat::Never)];
    let plans = (random::plan(), repeat).prop_map(|(plan, repeat)| Plan { repeat, ..plan });
    every_law_holds(16, 600, plans);
}

#[test]
fn law_16_only_a_call_that_may_always_be_repeated_races() {
    for repeat in [Repeat::IfUnsent, Repeat::Never] {
        let mut call = Call::with_lanes::<3>(&RACE, &(), at(0), 1).repeat(repeat);
        assert_eq!(sent(call.poll(at(0))), 1);
        assert!(matches!(call.poll(at(0)), Action::Wait { until: None, .. }));
    }
}

#[test]
fn law_16_what_was_not_sent_is_repeated_unless_nothing_is() {
    let ends = |repeat, sent: Sent| {
        let mut call = Call::with_lanes::<3>(&RACE, &(), at(0), 1).repeat(repeat);
        assert!(matches!(call.poll(at(0)), Action::Send(_)));
        call.handle(at(1), 1, Verdict::retry().sent(sent)) == Handled::Over
    };
    assert_eq!([ends(Repeat::IfUnsent, Sent::No), ends(Repeat::IfUnsent, Sent::Maybe)], [false, true]);
    assert_eq!([ends(Repeat::Never, Sent::No), ends(Repeat::Never, Sent::Maybe)], [true, true]);
    assert_eq!([ends(Repeat::Always, Sent::No), ends(Repeat::Always, Sent::Maybe)], [false, false]);
}

#[test]
fn law_16_a_timeout_and_a_lost_attempt_may_have_arrived() {
    let policy = RACE.attempt_timeout(ms(50));
    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1).repeat(Repeat::IfUnsent);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(call.poll(at(50)), cancel(1, CancelReason::Timeout));
    assert!(matches!(call.poll(at(50)), Action::GiveUp(stop) if stop.reason() == Reason::NotRepeatable));

    let mut call = Call::with_lanes::<3>(&policy, &(), at(0), 1).repeat(Repeat::IfUnsent);
    assert_eq!(sent(call.poll(at(0))), 1);
    let mut call: Call<_, _, 3> = Call::try_resume(&policy, &(), at(10), call.suspend()).expect("it fits");
    assert!(matches!(call.poll(at(10)), Action::GiveUp(stop) if stop.reason() == Reason::NotRepeatable));
}

#[test]
fn a_failure_is_judged_in_order_and_what_comes_after_a_refusal_is_not_asked() {
    // Each is refused on its own ground although all that comes after it would refuse too.
    let late = Policy::constant(ms(500)).jitter(Jitter::None).deadline(ms(100));
    let ends = Policy::stop().deadline(ms(100));
    let hint = Verdict::retry().after(ms(200));
    for (policy, repeat, verdict, reason) in [
        (late.attempts(1), Repeat::Never, hint, Reason::NotRepeatable),
        (late.attempts(1), Repeat::Always, hint, Reason::Attempts),
        (late.lane_attempts(1), Repeat::Always, hint, Reason::Attempts),
        (late, Repeat::Always, hint, Reason::RetryAfter),
        (ends, Repeat::Always, hint, Reason::RetryAfter),
        (ends, Repeat::Always, Verdict::retry(), Reason::Backoff),
        (late, Repeat::Always, Verdict::retry(), Reason::Deadline),
    ] {
        let notes = std::cell::RefCell::new(Vec::new());
        let gate = Scripted::new(0, Answers { reserve: vec![false], admit: vec![] }, &notes);
        let mut call = Call::new(&policy, &gate, at(0), 1).repeat(repeat);
        assert_eq!(sent(call.poll(at(0))), 1);
        notes.borrow_mut().clear();
        assert_eq!(call.handle(at(10), 1, verdict), Handled::Over);
        assert!(matches!(call.poll(at(10)), Action::GiveUp(stop) if stop.reason() == reason), "{reason}");
        let is_reserve =
            |asked: &insist_tests::record::Asked| matches!(asked.question, insist_tests::record::Question::Reserve(..));
        assert!(!notes.borrow().iter().any(is_reserve), "{reason}");
    }
}
