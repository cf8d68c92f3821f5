//! Law 13, time stands still rather than going back.

use insist_core::{Action, Call, Cause, Jitter, Policy, Verdict};
use insist_tests::by_hand::{ByHand, at, first, ms, retries, sent, waits_until};
use insist_tests::laws::law_13;
use insist_tests::property::hold;
use insist_tests::record::{Asked, Question, What};
use insist_tests::{random, world};

use crate::sees;

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
fn law_13_its_reader_sees_a_gate_that_is_told_of_the_past() {
    let mut record = ByHand::new(Policy::zero()).poll(10, first(1)).step(5, What::Drop).record();
    let asked = |millis| Asked { gate: 0, now: at(millis), question: Question::Reserve(Cause::HEDGE, Ok(())) };
    record.steps[2].asked = vec![asked(10)];
    assert_eq!(law_13(&record), Ok(()));
    record.steps[2].asked = vec![asked(5)];
    sees(law_13, &record, "the gate is told");
}
