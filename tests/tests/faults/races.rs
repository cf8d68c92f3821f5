//! Races and hedges: a failure ends nothing that may still succeed, and a loser's time is known.

use std::cell::RefCell;
use std::time::Duration;

use insist_core::{
    Action, AttemptEnd, Cause, Failure, Gate, Instant, Jitter, Kind, Policy, Reason, Repeat, Script, Settled, Verdict,
    play, play_with,
};

use crate::{end, ms, sent_at};

const HEDGED: Policy =
    Policy::constant(ms(500)).jitter(Jitter::None).lanes(2).hedge_after(ms(50)).attempts(2).lane_attempts(1);

/// R33: in tower 0.5 a hedge that failed fast took the place of a first attempt that was well.
#[test]
fn a_hedge_that_fails_leaves_the_first_attempt_running() {
    let script = Script::new().outcome(1, ms(200), Verdict::Accept).outcome(2, ms(5), Verdict::retry());
    let timeline = play(&HEDGED.attempts(9), 1, &script);
    assert_eq!(end(&timeline), (ms(200), Action::Return(1)));
}

/// R33: in tower 0.5 a first attempt that failed ended the call, its hedge in flight.
#[test]
fn a_first_attempt_that_fails_leaves_its_hedge_running() {
    let script = Script::new().outcome(1, ms(60), Verdict::retry()).outcome(2, ms(150), Verdict::Accept);
    for policy in [HEDGED, HEDGED.attempts(9).lane_attempts(9)] {
        let timeline = play(&policy, 1, &script);
        assert_eq!(end(&timeline), (ms(200), Action::Return(2)), "{timeline}");
    }
}

/// R37: fure 0.6 dropped the first attempt when its hedge had failed and no attempt was left.
#[test]
fn a_hedge_that_fails_with_no_attempt_left_leaves_the_first_attempt_running() {
    let script = Script::new().outcome(1, ms(300), Verdict::Accept).outcome(2, ms(10), Verdict::retry());
    let timeline = play(&HEDGED, 1, &script);
    assert_eq!(sent_at(&timeline), [ms(0), ms(50)]);
    assert_eq!(end(&timeline), (ms(300), Action::Return(1)));
}

/// R45: in do-over the attempt that ended first gave the result, an error too. O7: tower's hedge does so too.
#[test]
fn of_many_failures_none_wins_and_the_last_is_handed_back() {
    let policy = Policy::zero().lanes(5).attempts(5);
    let fails = (1..=4).fold(Script::new(), |script, id| script.outcome(id, ms(u64::from(id)), Verdict::retry()));
    let timeline = play(&policy, 1, &fails.clone().outcome(5, ms(100), Verdict::Accept));
    assert_eq!(end(&timeline), (ms(100), Action::Return(5)));
    let timeline = play(&policy, 1, &fails.outcome(5, ms(100), Verdict::retry()));
    let (at, Action::GiveUp(stop)) = end(&timeline) else { panic!("{timeline}") };
    assert_eq!((at, stop.reason(), stop.last()), (ms(100), Reason::Attempts, Some(5)));
}

/// Keeps how each attempt ended, and after how long.
#[derive(Default)]
struct Latencies(RefCell<Vec<(Kind, AttemptEnd, Duration)>>);

impl Gate for Latencies {
    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if let Settled::Ended(end, sent) = *settled {
            self.0.borrow_mut().push((cause.kind, end, now.saturating_since(sent)));
        }
    }
}

/// R34: tower 0.5 measured neither losers nor failures, and a hedge from its own start only, without the wait for it.
#[test]
fn losers_and_failures_tell_their_gate_how_long_they_took() {
    let script = Script::new().outcome(2, ms(30), Verdict::retry()).outcome(3, ms(40), Verdict::Accept);
    let latencies = Latencies::default();
    let policy = HEDGED.lanes(3).attempts(3);
    let timeline = play_with(&policy, &latencies, Repeat::Always, Instant::ZERO, 1, &script);
    assert_eq!(end(&timeline), (ms(140), Action::Return(3)), "{timeline}");
    let mut told = latencies.0.into_inner();
    told.sort_by_key(|(_, _, span)| *span);
    let expected = [
        (Kind::Hedge, AttemptEnd::Retry(Failure::new()), ms(30)),
        (Kind::Hedge, AttemptEnd::Accept, ms(40)),
        (Kind::First, AttemptEnd::Lost, ms(140)),
    ];
    assert_eq!(told, expected);
}
