//! Law 11, refusals are small; law 12, nothing leaks.

use std::cell::RefCell;

use core::time::Duration;
use insist_core::{
    Action, Admission, Call, End, Handled, Jitter, Kind, Policy, Reason, Refusal, Repeat, Sent, Settled, Verdict,
};
use insist_tests::by_hand::{ByHand, at, first, hedge, ms, retry, sent, waits_until};
use insist_tests::gate::{Answer, Answers, Made, Scripted, Watched};
use insist_tests::laws::{law_11, law_12};
use insist_tests::plan::{Move, Plan, Shift};
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::record::{Did, Question, What};
use proptest::prelude::*;

use crate::sees;

const PLAIN: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(5);
const NO: Admission = Admission::No(Refusal::new("no"));

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
        assert_eq!(call.hedges(), 1);
        assert_eq!(call.handle(at(110), 1, Verdict::retry()), Handled::Counted);
        assert_eq!(call.handle(at(110), 2, Verdict::retry()), Handled::Over);
        assert!(matches!(call.poll(at(110)), Action::GiveUp(stop) if stop.reason() == Reason::Attempts));
    }
}

#[test]
fn law_11_a_refused_retry_leaves_what_is_in_flight() {
    for answers in [
        Answers { reserve: vec![true, false], admit: vec![] },
        Answers { reserve: vec![], admit: vec![Answer::Yes, Answer::Yes, Answer::No] },
    ] {
        let notes = RefCell::new(Vec::new());
        let gate = Scripted::new(0, answers, &notes);
        let policy = PLAIN.lanes(2);
        let mut call = Call::with_lanes::<2>(&policy, &gate, at(0), 1);
        assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
        assert_eq!(call.handle(at(10), 1, Verdict::retry()), Handled::Counted);
        for millis in [10, 110, 200] {
            assert!(!matches!(call.poll(at(millis)), Action::Send(_) | Action::Cancel(_) | Action::GiveUp(_)));
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

#[test]
fn law_11_its_reader_sees_a_refusal_that_does_harm() {
    let policy = PLAIN.lanes(3).hedge_after(ms(50));
    let start = ByHand::new(policy).poll(0, first(1));
    let wait = Did::Wait(Some(100_000_000), insist_core::WaitReason::Hedge);
    let refused = Question::Reserve(Kind::Hedge, false);
    assert_eq!(law_11(&start.clone().poll(50, wait).told(refused).record()), Ok(()));
    let given_up = start.clone().poll(50, wait).told(refused).poll(60, Did::Cancel(1));
    let given_up = given_up.poll(60, Did::GiveUp(Reason::Refused, Some(1), None)).over();
    sees(law_11, &given_up.record(), "only hedges were");
    let both = start.clone().poll(50, hedge(2, 1)).handle(60, 1, Verdict::retry(), Handled::Counted);
    let refused_retry = both.told(Question::Reserve(Kind::Retry, false));
    assert_eq!(law_11(&refused_retry.clone().record()), Ok(()));
    sees(law_11, &refused_retry.over().record(), "attempt 2 is in flight");
    let waiting = start.handle(10, 1, Verdict::retry(), Handled::Counted).reserved();
    let robbed = waiting.poll(60, wait).told(refused).told(Question::Refund(Kind::Retry, at(10)));
    sees(law_11, &robbed.record(), "cost a lane its wait");
}

#[test]
fn law_12_nothing_leaks() {
    let last = prop_oneof![
        Just(None),
        Just(Some(Move::Drop)),
        Just(Some(Move::Suspend(Shift::Stay))),
        Just(Some(Move::Suspend(Shift::Due))),
        Just(Some(Move::Cancel))
    ];
    let several = prop::sample::select(vec![Made::Pair, Made::Triple, Made::Nested]);
    let plans = (random::plan(), random::busy(), random::busy(), several, last);
    let plans = plans.prop_map(|(mut plan, first, second, made, last)| {
        plan.moves.extend(last);
        Plan { answers: [plan.answers[0].clone(), first, second], made, ..plan }
    });
    every_law_holds(12, 600, plans);
}

/// What two gates in a tuple were asked and told while a call went on; the second answers by a script.
fn told(answers: Answers, drive: impl FnOnce(Call<&Policy, &Watched<'_>, 2>)) -> Vec<(u8, Question)> {
    let notes = RefCell::new(Vec::new());
    let answers = [Answers::default(), answers, Answers::default()];
    let gate = Watched::new(Made::Pair, &answers, &notes);
    let policy = PLAIN.lanes(2).hedge_after(ms(50));
    drive(Call::with_lanes::<2>(&policy, &gate, at(0), 1));
    let members = notes.take().into_iter().filter(|asked| asked.gate > 0);
    members.map(|asked| (asked.gate, asked.question)).collect()
}

#[test]
fn law_12_what_a_second_gate_refuses_is_given_back_to_the_first() {
    let refuses = Answers { reserve: vec![false], admit: vec![] };
    let asked = told(refuses, |mut call| {
        assert_eq!(sent(call.poll(at(0))), 1);
        assert_eq!(call.handle(at(10), 1, Verdict::retry()), Handled::Over);
    });
    let reserve = [
        (1, Question::Reserve(Kind::Retry, true)),
        (2, Question::Reserve(Kind::Retry, false)),
        (1, Question::Refund(Kind::Retry, at(10))),
    ];
    assert_eq!(asked[4..], reserve);

    let holds = Answers { reserve: vec![], admit: vec![Answer::Yes, Answer::In(7)] };
    let asked = told(holds, |mut call| {
        assert_eq!(sent(call.poll(at(0))), 1);
        assert_eq!(waits_until(call.poll(at(50))), 50);
    });
    let hold = Admission::NotBefore(insist_core::Instant::from_nanos(50_000_007));
    let admit = [
        (1, Question::Reserve(Kind::Hedge, true)),
        (2, Question::Reserve(Kind::Hedge, true)),
        (1, Question::Admit(Kind::Hedge, Admission::Yes)),
        (2, Question::Admit(Kind::Hedge, hold)),
        (1, Question::Settle(Kind::Hedge, Settled::Unsent)),
        (1, Question::Refund(Kind::Hedge, at(50))),
        (2, Question::Refund(Kind::Hedge, at(50))),
    ];
    assert_eq!(asked[2..9], admit);
}

#[test]
fn law_12_dropping_or_suspending_gives_back_once_whatever_is_open() {
    let cancelled = |span| Settled::Ended(End::Cancelled, span);
    for is_dropped in [true, false] {
        let asked = told(Answers::default(), |mut call| {
            assert_eq!(sent(call.poll(at(0))), 1);
            assert_eq!(sent(call.poll(at(50))), 2);
            assert_eq!(call.handle(at(60), 1, Verdict::retry()), Handled::Counted);
            if is_dropped {
                drop(call);
            } else {
                let _ = call.suspend();
            }
        });
        let open = [
            (1, Question::Refund(Kind::Retry, at(60))),
            (2, Question::Refund(Kind::Retry, at(60))),
            (1, Question::Settle(Kind::Hedge, cancelled(ms(10)))),
            (2, Question::Settle(Kind::Hedge, cancelled(ms(10)))),
        ];
        assert_eq!(asked[asked.len() - 4..], open);
        assert_eq!(asked.iter().filter(|(_, question)| matches!(question, Question::Settle(..))).count(), 4);
    }
}

#[test]
fn law_12_a_winner_gives_back_what_the_others_had() {
    let asked = told(Answers::default(), |mut call| {
        assert_eq!(sent(call.poll(at(0))), 1);
        assert_eq!(sent(call.poll(at(50))), 2);
        assert_eq!(call.handle(at(60), 1, Verdict::retry()), Handled::Counted);
        assert_eq!(call.handle(at(70), 2, Verdict::Accept), Handled::Over);
        assert_eq!(call.poll(at(70)), Action::Return(2));
    });
    let last: Vec<_> = asked.iter().filter(|(gate, _)| *gate == 2).map(|(_, question)| *question).collect();
    let ended = |end, span: Duration| Settled::Ended(end, span);
    assert_eq!(
        last,
        [
            Question::Admit(Kind::First, Admission::Yes),
            Question::Reserve(Kind::Hedge, true),
            Question::Admit(Kind::Hedge, Admission::Yes),
            Question::Settle(Kind::First, ended(End::Retry(Sent::Maybe), ms(60))),
            Question::Reserve(Kind::Retry, true),
            Question::Settle(Kind::Hedge, ended(End::Accept, ms(20))),
            Question::Refund(Kind::Retry, at(60)),
        ]
    );
}

#[test]
fn law_12_its_reader_sees_what_leaks_and_what_is_given_back_twice() {
    let settled = |end, millis| Question::Settle(Kind::First, Settled::Ended(end, ms(millis)));
    let start = ByHand::new(PLAIN).poll(0, first(1)).told(Question::Admit(Kind::First, Admission::Yes));
    sees(law_12, &ByHand::new(PLAIN).poll(0, first(1)).record(), "is admitted for");
    let failed = start.clone().handle(10, 1, Verdict::retry(), Handled::Counted);
    let settled_once = failed.clone().told(settled(End::Retry(Sent::Maybe), 10));
    assert_eq!(law_12(&settled_once.clone().record()), Ok(()));
    sees(law_12, &failed.clone().record(), "is admitted for");
    sees(law_12, &failed.clone().told(settled(End::Stop, 10)).record(), "is not how");
    sees(law_12, &failed.told(settled(End::Retry(Sent::Maybe), 9)).record(), "not admitted at");
    sees(law_12, &settled_once.clone().told(settled(End::Retry(Sent::Maybe), 10)).record(), "not admitted at");

    let reserved = settled_once.clone().reserved();
    assert_eq!(law_12(&reserved.clone().record()), Ok(()));
    let refund = |millis| Question::Refund(Kind::Retry, at(millis));
    sees(law_12, &reserved.clone().step(50, What::Drop).record(), "is still reserved");
    assert_eq!(law_12(&reserved.clone().step(50, What::Drop).told(refund(10)).record()), Ok(()));
    sees(law_12, &reserved.clone().step(50, What::Drop).told(refund(11)).record(), "was not reserved");
    sees(law_12, &reserved.clone().step(50, What::Drop).told(refund(10)).told(refund(10)).record(), "was not reserved");
    let admitted = Question::Admit(Kind::Retry, Admission::Yes);
    assert_eq!(law_12(&reserved.clone().poll(110, retry(2, 1, 0)).told(admitted).record()), Ok(()));
    sees(
        law_12,
        &settled_once.poll(110, retry(2, 1, 0)).told(admitted).told(Question::Reserve(Kind::Hedge, true)).record(),
        "reserved",
    );
    // Admitted by both gates, and then refused by one of them: the other one has to be told.
    let refused =
        reserved.poll(110, Did::GiveUp(Reason::Refused, Some(1), None)).over().told(Question::Admit(Kind::Retry, NO));
    let refused = refused.told(refund(10)).told_by(1, admitted);
    sees(law_12, &refused.record(), "is admitted for");
}
