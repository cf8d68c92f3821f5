//! gRPC: the two examples of proposal A6, retries and hedges.

use insist_core::{Action, Policy, Reason, Script, Shape, Verdict, play};
use insist_tests::by_hand::{at, ms};

use crate::{assert_ranges, failing, gave_up, sends};

#[test]
fn retries_are_drawn_from_a_fifth_less_up_to_a_fifth_more_and_are_cut_at_the_cap() {
    let long = Policy::grpc().attempts(7);
    assert_ranges(&long, &[(80, 120), (160, 240), (320, 480), (640, 960), (800, 1000), (800, 1000)].map(spans));
    assert_eq!(Policy::grpc().get_cap(), Some(ms(1000)));
}

fn spans((low, high): (u64, u64)) -> (std::time::Duration, std::time::Duration) {
    (ms(low), ms(high))
}

#[test]
fn retries_make_four_sends() {
    let failed = failing(&Policy::grpc(), 7);
    assert_eq!((sends(&failed).len(), gave_up(&failed).0), (4, Reason::Attempts));
    assert_eq!(Policy::grpc().delays(7).count(), 3);
}

#[test]
fn a_pushback_is_waited_for_exactly() {
    let script = Script::new().outcome(1, ms(5), Verdict::retry().exactly_after(ms(700)));
    assert_eq!(sends(&play(&Policy::grpc(), 7, &script)), [0, 705].map(at));
}

#[test]
fn hedges_open_half_a_second_apart_and_no_lane_retries() {
    let hedging = Policy::grpc_hedging();
    assert_eq!((hedging.get_attempts(), hedging.get_lane_attempts(), hedging.get_lanes()), (Some(4), Some(1), 4));
    assert_eq!((*hedging.get_backoff(), hedging.get_hedge_on_failure()), (Shape::Stop, true));
    let silent = play(&hedging, 7, &Script::new().outcome(4, ms(100), Verdict::Accept));
    assert_eq!(sends(&silent), [0, 500, 1000, 1500].map(at));
    assert_eq!(silent.steps.last().map(|step| step.action), Some(Action::Return(4)));
}

#[test]
fn a_failure_opens_the_next_hedge_at_once() {
    let retry = Verdict::retry();
    let script = Script::new().outcome(1, ms(100), retry).outcome(2, ms(50), retry).outcome(4, ms(9), Verdict::Accept);
    assert_eq!(sends(&play(&Policy::grpc_hedging(), 7, &script)), [0, 100, 150, 650].map(at));
}

#[test]
fn hedges_that_all_fail_make_four_sends() {
    let failed = failing(&Policy::grpc_hedging(), 7);
    assert_eq!((sends(&failed), gave_up(&failed)), (vec![at(0); 4], (Reason::Attempts, at(0))));
}

#[test]
fn a_pushback_delays_the_next_hedge() {
    let script = Script::new().outcome(1, ms(100), Verdict::retry().after(ms(250))).outcome(2, ms(9), Verdict::Accept);
    assert_eq!(sends(&play(&Policy::grpc_hedging(), 7, &script)), [0, 350].map(at));
}
