//! Law 11, refusals are small.

use std::cell::RefCell;

use insist_core::{Action, Call, Cause, Handled, Jitter, Policy, Reason, Refusal, Repeat, Verdict};
use insist_tests::by_hand::{
    ByHand, NO, RETRY, at, due, first, gave_up, hedge, lane_ends, lost, ms, sent, waits_until,
};
use insist_tests::gate::{Answer, Answers, Made, Scripted, Watched};
use insist_tests::laws::law_11;
use insist_tests::plan::Plan;
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::record::{Did, Ending, Question, What};
use proptest::prelude::*;

use crate::sees;

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

/// What two gates say who refuse by these scripts, when a call with two lanes that race has failed in both.
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

#[test]
fn law_11_its_reader_sees_a_refusal_that_does_harm() {
    let policy = PLAIN.lanes(3).hedge_after(ms(50));
    let start = ByHand::new(policy).poll(0, first(1));
    let wait = Did::Wait(Some(100_000_000), insist_core::WaitReason::Hedge);
    let refused = Question::Reserve(Cause::HEDGE, NO);
    assert_eq!(law_11(&start.clone().poll(50, wait).told(refused).record()), Ok(()));
    let given_up = start.clone().poll(50, wait).told(refused).poll(60, lost(1));
    let given_up = given_up.poll(60, gave_up(Reason::Refused, Some(1))).over();
    sees(law_11, &given_up.record(), "only hedges were");
    let both = start.clone().poll(50, hedge(2, 1)).handle(60, 1, Verdict::retry(), due(160));
    let refused_retry = both.told(Question::Reserve(RETRY, NO));
    assert_eq!(law_11(&refused_retry.clone().record()), Ok(()));
    sees(law_11, &refused_retry.over().record(), "attempt 2 is in flight");
    let waiting = start.handle(10, 1, Verdict::retry(), due(110)).reserved();
    let robbed = waiting.poll(60, wait).told(refused).told(Question::Refund(RETRY, at(10)));
    sees(law_11, &robbed.record(), "cost a lane its wait");
    let alone = ByHand::new(PLAIN).poll(0, first(1)).handle(10, 1, Verdict::retry(), Handled::Over).over();
    let alone = alone.told(Question::Reserve(RETRY, NO));
    let tells = |refusal| Did::GiveUp(Ending { reason: Reason::Refused, refusal, last: Some(1), hint: None });
    assert_eq!(law_11(&alone.clone().poll(10, tells(NO.err())).record()), Ok(()));
    sees(law_11, &alone.clone().poll(10, tells(None)).record(), "said Some(Refusal(\"no\")), and it tells None");
    let taken_up = alone.step(11, What::Suspend).step(12, What::Resume(Ok(())));
    assert_eq!(law_11(&taken_up.clone().poll(12, tells(None)).record()), Ok(()));
    sees(law_11, &taken_up.poll(12, tells(NO.err())).record(), "said None");
}
