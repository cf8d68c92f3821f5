//! Law 16, no double harm; and the order in which a failure is judged.

use insist_core::{Action, Call, CancelReason, Handled, Jitter, Policy, Reason, Repeat, Sent, Verdict};
use insist_tests::by_hand::{ByHand, at, cancel, due, first, hedge, ms, retry, sent, timed_out};
use insist_tests::gate::{Answers, Scripted};
use insist_tests::laws::{judging, law_16};
use insist_tests::plan::Plan;
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::record::What;
use proptest::prelude::*;

use crate::sees;

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
fn law_16_its_reader_sees_a_repeat_and_a_race() {
    let start = ByHand::new(RACE).repeat(Repeat::IfUnsent).poll(0, first(1));
    let unsent = start.clone().handle(1, 1, Verdict::retry().sent(Sent::No), due(101));
    assert_eq!(law_16(&unsent.poll(11, retry(2, 1, 0)).record()), Ok(()));
    let arrived = start.clone().handle(1, 1, Verdict::retry(), due(101));
    sees(law_16, &arrived.poll(11, retry(2, 1, 0)).record(), "follows what may have reached");
    let late = start.clone().poll(5, timed_out(1));
    sees(law_16, &late.poll(11, retry(2, 1, 0)).record(), "follows what may have reached");
    let taken_up = start.clone().step(5, What::Suspend).step(5, What::Resume(Ok(())));
    sees(law_16, &taken_up.poll(11, retry(2, 1, 0)).record(), "follows what may have reached");
    sees(law_16, &start.poll(0, hedge(2, 1)).record(), "it races");
    let never = ByHand::new(RACE).repeat(Repeat::Never).poll(0, first(1));
    let unsent = never.handle(1, 1, Verdict::retry().sent(Sent::No), due(101));
    sees(law_16, &unsent.poll(11, retry(2, 1, 0)).record(), "follows what may have reached");
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

#[test]
fn the_reader_of_the_order_sees_a_gate_that_is_asked_in_vain_or_not_at_all() {
    let start = ByHand::new(RACE.lanes(1).lane_attempts(1)).poll(0, first(1));
    let failed = start.handle(1, 1, Verdict::retry(), Handled::Over).over();
    assert_eq!(judging(&failed.clone().record()), Ok(()));
    sees(judging, &failed.reserved().record(), "is possible: false");
    let start = ByHand::new(RACE.lanes(1)).poll(0, first(1));
    let failed = start.handle(1, 1, Verdict::retry(), due(101));
    assert_eq!(judging(&failed.clone().reserved().record()), Ok(()));
    sees(judging, &failed.record(), "is possible: true");
    let start = ByHand::new(RACE.lanes(1).deadline(ms(11))).poll(0, first(1));
    let failed = start.handle(1, 1, Verdict::retry(), due(101)).reserved();
    sees(judging, &failed.record(), "is possible: false");
}
