//! Law 12, nothing leaks, and gates are told what each attempt is for.

use core::time::Duration;
use std::cell::RefCell;

use insist_core::{
    Action, Admission, AttemptEnd, Call, CancelReason, Cause, Failure, Handled, Jitter, Policy, Refusal, Settled,
    State, Verdict,
};
use insist_tests::by_hand::{RETRY, cancel, retries, sent, waits_until};
use insist_tests::gate::{Answer, Answers, Made, Scripted, Watched};
use insist_tests::plan::{Move, Plan, Shift};
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::record::Question;
use insist_tests::words::{at, ms};
use proptest::prelude::*;

const PLAIN: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(5);

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

/// Returns what two gates in a tuple were asked and told while a call went on; the second answers by a script.
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
        (1, Question::Reserve(RETRY, Ok(()))),
        (2, Question::Reserve(RETRY, Err(Refusal::new(&"gate 2 reserves none")))),
        (1, Question::Refund(RETRY, at(10))),
    ];
    assert_eq!(asked[4..], reserve);

    let holds = Answers { reserve: vec![], admit: vec![Answer::Yes, Answer::In(7)] };
    let asked = told(holds, |mut call| {
        assert_eq!(sent(call.poll(at(0))), 1);
        assert_eq!(waits_until(call.poll(at(50))), 50);
    });
    let hold = Admission::NotBefore(insist_core::Instant::from_nanos(50_000_007));
    let admit = [
        (1, Question::Reserve(Cause::HEDGE, Ok(()))),
        (2, Question::Reserve(Cause::HEDGE, Ok(()))),
        (1, Question::Admit(Cause::HEDGE, Admission::Yes)),
        (2, Question::Admit(Cause::HEDGE, hold)),
        (1, Question::Settle(Cause::HEDGE, Settled::Unsent(at(50)))),
        (1, Question::Refund(Cause::HEDGE, at(50))),
        (2, Question::Refund(Cause::HEDGE, at(50))),
    ];
    assert_eq!(asked[2..9], admit);
}

#[test]
fn law_12_dropping_or_suspending_gives_back_once_whatever_is_open() {
    let cancelled = Settled::Ended(AttemptEnd::Cancelled, at(50));
    for is_dropped in [true, false] {
        let asked = told(Answers::default(), |mut call| {
            assert_eq!(sent(call.poll(at(0))), 1);
            assert_eq!(sent(call.poll(at(50))), 2);
            retries(call.handle(at(60), 1, Verdict::retry()));
            if is_dropped {
                drop(call);
            } else {
                let _ = call.suspend();
            }
        });
        let open = [
            (1, Question::Refund(RETRY, at(60))),
            (2, Question::Refund(RETRY, at(60))),
            (1, Question::Settle(Cause::HEDGE, cancelled)),
            (2, Question::Settle(Cause::HEDGE, cancelled)),
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
        retries(call.handle(at(60), 1, Verdict::retry()));
        assert_eq!(call.handle(at(70), 2, Verdict::Accept), Handled::Over);
        assert_eq!(call.poll(at(70)), Action::Return(2));
    });
    let last: Vec<_> = asked.iter().filter(|(gate, _)| *gate == 2).map(|(_, question)| *question).collect();
    let ended = |end, sent| Settled::Ended(end, sent);
    assert_eq!(
        last,
        [
            Question::Admit(Cause::FIRST, Admission::Yes),
            Question::Reserve(Cause::HEDGE, Ok(())),
            Question::Admit(Cause::HEDGE, Admission::Yes),
            Question::Settle(Cause::FIRST, ended(AttemptEnd::Retry(Failure::new()), at(0))),
            Question::Reserve(RETRY, Ok(())),
            Question::Settle(Cause::HEDGE, ended(AttemptEnd::Accept, at(50))),
            Question::Refund(RETRY, at(60)),
        ]
    );
}

/// Tells a gate of the retry after each of these, directly and after the call was put away in between.
#[test]
fn law_12_a_gate_is_told_how_the_attempt_before_a_retry_failed_after_a_resume_too() {
    let policy = PLAIN.attempt_timeout(ms(70));
    let told = |verdict: Option<Verdict>, is_put_away: bool| {
        let notes = RefCell::new(Vec::new());
        let gate = Scripted::new(0, Answers::default(), &notes);
        let mut call = Call::new(&policy, &gate, at(0), 1);
        assert_eq!(sent(call.poll(at(0))), 1);
        match verdict {
            Some(verdict) => _ = retries(call.handle(at(10), 1, verdict)),
            None => assert_eq!(call.poll(at(70)), cancel(1, CancelReason::Timeout)),
        }
        if is_put_away {
            let mut buffer = [0; State::<1>::BYTES];
            let state = call.suspend();
            let stored = State::decode(state.encode(&mut buffer).unwrap()).unwrap();
            call = Call::try_resume(&policy, &gate, at(75), stored).unwrap();
        }
        assert_eq!(sent(call.poll(at(9_000))), 2);
        drop(call);
        let causes = notes.take().into_iter().map(|asked| match asked.question {
            Question::Reserve(cause, _) | Question::Refund(cause, _) => cause,
            Question::Admit(cause, _) | Question::Settle(cause, _) => cause,
            Question::HedgeAfter(_) => unreachable!("it is not noted"),
        });
        let retries: Vec<Cause> = causes.filter(|cause| *cause != Cause::FIRST).collect();
        // Reserved, admitted and settled; put away, it is refunded and reserved anew.
        assert_eq!(retries.len(), if is_put_away { 5 } else { 3 });
        assert!(retries.iter().all(|cause| *cause == retries[0]), "{retries:?}");
        retries[0].after().expect("a retry follows something")
    };
    let nanos = |nanos: u64| Duration::from_nanos(nanos);
    for (verdict, end) in [
        (None, AttemptEnd::Timeout),
        (Some(Verdict::retry()), Verdict::retry().into()),
        (Some(Verdict::retry().unsent()), Verdict::retry().unsent().into()),
        (Some(Verdict::retry().throttled()), Verdict::retry().throttled().into()),
        (Some(Verdict::retry().after(nanos(2_000_001))), Verdict::retry().after(ms(3)).into()),
        (Some(Verdict::retry().exactly_after(nanos(1))), Verdict::retry().exactly_after(ms(1)).into()),
        (Some(Verdict::retry().throttled().after(nanos(0))), Verdict::retry().throttled().into()),
    ] {
        assert_eq!(told(verdict, false), end);
        assert_eq!(told(verdict, true), end, "after a resume");
    }
}

#[test]
fn law_12_an_attempt_that_is_lost_while_a_call_is_put_away_counts_as_failed_and_possibly_sent() {
    let notes = RefCell::new(Vec::new());
    let gate = Scripted::new(0, Answers::default(), &notes);
    let mut call = Call::new(&PLAIN, &gate, at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    let state = call.suspend();
    notes.take();
    let _call = Call::try_resume(&PLAIN, &gate, at(5), state).unwrap();
    let asked: Vec<Question> = notes.take().into_iter().map(|asked| asked.question).collect();
    assert_eq!(asked, [Question::Reserve(RETRY, Ok(()))]);
}
