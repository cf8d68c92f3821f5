//! Pester: 3 attempts in a lane, 1 s apart.

use std::time::Duration;

use insist_core::{Action, Call, Instant, Jitter, Policy, Reason, Script, Shape, Verdict, play};
use insist_tests::by_hand::{at, ms};

use crate::{failing, gave_up, sends, waits};

#[test]
fn its_numbers() {
    let pester = Policy::pester();
    assert_eq!(*pester.get_backoff(), Shape::Constant { base: ms(1000) });
    assert_eq!((pester.get_jitter(), pester.get_cap(), pester.get_deadline()), (Jitter::None, None, None));
    assert_eq!((pester.get_attempts(), pester.get_lane_attempts(), pester.get_lanes()), (None, Some(3), 1));
}

#[test]
fn p9_waits_are_a_second_each() {
    assert_eq!(waits(&Policy::pester(), 9), [ms(1000); 2]);
    let failed = failing(&Policy::pester(), 7);
    assert_eq!(sends(&failed), [0, 1000, 2000].map(at));
    assert_eq!(gave_up(&failed), (Reason::Attempts, at(2000)));
}

#[test]
fn p1_three_at_a_time_fail_nine_times_in_all() {
    let failed = failing(&Policy::pester().lanes(3), 7);
    let expected = [0, 0, 0, 1000, 1000, 1000, 2000, 2000, 2000].map(at);
    assert_eq!(sends(&failed), expected);
    assert_eq!(gave_up(&failed).0, Reason::Attempts);
}

#[test]
fn p5_an_answer_that_is_not_retried_ends_all_three() {
    let script = Script::new().outcome(1, ms(5), Verdict::Accept);
    let timeline = play(&Policy::pester().lanes(3), 7, &script);
    assert_eq!(sends(&timeline).len(), 3);
    assert_eq!(timeline.steps.last().map(|step| (step.at, step.action)), Some((at(5), Action::Return(1))));
}

#[test]
fn p11_a_cancel_during_a_wait_ends_it_at_once() {
    let policy = Policy::pester();
    let mut call = Call::new(&policy, &(), Instant::ZERO, 7);
    assert!(matches!(call.poll(at(0)), Action::Send(_)));
    call.handle(at(0), 1, Verdict::retry());
    assert!(matches!(call.poll(at(0)), Action::Wait { until: Some(until), .. } if until == at(1000)));
    call.cancel(at(300));
    assert!(matches!(call.poll(at(300)), Action::GiveUp(stop) if stop.reason() == Reason::Cancelled));
}

#[test]
fn a_hint_is_honoured_where_pester_does_not_look() {
    let hint = Duration::from_secs(60);
    let script = Script::new().outcome(1, ms(0), Verdict::retry().after(hint)).outcome(2, ms(0), Verdict::Accept);
    assert_eq!(sends(&play(&Policy::pester(), 7, &script)), [0, 61_000].map(at));
}
