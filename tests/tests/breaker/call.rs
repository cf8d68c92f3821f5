//! The breaker as the gate of whole calls, in virtual time.

use std::cell::Cell;
use std::time::Duration;

use insist_core::{
    Action, Breaker, BreakerState, Budget, Instant, Jitter, Kind, Policy, Reason, Repeat, Script, Verdict, play_with,
};
use insist_tests::by_hand::ms;
use insist_tests::random;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::at;

const POLICY: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(5);

fn failing() -> Script {
    (1..=5).fold(Script::new(), |script, id| script.outcome(id, ms(10), Verdict::retry()))
}

#[test]
fn a_call_stops_when_the_breaker_opens() {
    let breaker = Breaker::new(1.0).min_throughput(2).open_for(ms(1000));
    let timeline = play_with(&POLICY, &breaker, Repeat::Always, Instant::ZERO, 1, &failing());
    assert_eq!(
        timeline.to_string(),
        "0ns: send attempt 1 (first in lane 0)\n\
         0ns: wait for an outcome\n\
         10ms: wait until 110ms (backoff)\n\
         110ms: send attempt 2 (retry in lane 0)\n\
         110ms: wait for an outcome\n\
         120ms: wait until 220ms (backoff)\n\
         220ms: give up: a gate refused another attempt (breaker is open)\n",
    );
    assert_eq!(breaker.state(at(220)).to_string(), "open until 1.12s");
}

#[test]
fn a_call_waits_for_a_breaker_that_is_waiting() {
    let breaker = Breaker::new(1.0).min_throughput(2).open_for(ms(1000)).waiting();
    let script = failing().outcome(3, ms(10), Verdict::Accept);
    let timeline = play_with(&POLICY, &breaker, Repeat::Always, Instant::ZERO, 1, &script);
    assert!(timeline.to_string().ends_with(
        "220ms: wait until 1.12s (gate)\n\
         1.12s: send attempt 3 (retry in lane 0)\n\
         1.12s: wait for an outcome\n\
         1.13s: return attempt 3\n"
    ));
    assert_eq!(breaker.state(at(1130)).to_string(), "closed: 0 of 0 failed, ratio 0.000");
}

/// With both gates, a retry that the breaker refuses costs the budget nothing.
#[test]
fn what_the_breaker_refuses_is_refunded_by_the_budget() {
    let budget = Budget::new(1.0);
    let breaker = Breaker::new(1.0).min_throughput(2);
    let _ = play_with(&POLICY, &(&budget, &breaker), Repeat::Always, Instant::ZERO, 1, &failing());
    assert_eq!(budget.state(at(220)).charged, 1, "attempt 2 was sent, attempt 3 was not");
}

/// Law 12 with real gates: whatever a call does, what it sent is charged and counted once, and nothing is left open.
#[test]
fn random_calls_leave_nothing_open() {
    let outcome = (0..400_u64, random::verdict());
    let plans = (random::policy(), 1..8_u32, any::<u64>(), proptest::collection::vec(outcome, 0..10), 1..4_u32);
    let mut runner = TestRunner::new(random::config(310, 3000));
    let refused = Cell::new(0);
    let result = runner.run(&plans, |(policy, attempts, seed, outcomes, throughput)| {
        let budget = Budget::new(1.0).with_reserve(2).window(Duration::MAX);
        let breaker = Breaker::new(0.6).min_throughput(throughput).open_for(ms(150)).probes(2, 1);
        let script = (1..)
            .zip(outcomes)
            .fold(Script::new(), |script, (id, (millis, verdict))| script.outcome(id, ms(millis), verdict));
        let timeline =
            play_with(&policy.attempts(attempts), &(&budget, &breaker), Repeat::Always, Instant::ZERO, seed, &script);
        let (mut firsts, mut charged) = (0, 0);
        for step in &timeline.steps {
            match step.action {
                Action::Send(attempt) if attempt.kind == Kind::First => firsts += 1,
                Action::Send(_) => charged += 1,
                Action::GiveUp(stop) if stop.reason() == Reason::Refused => refused.set(refused.get() + 1),
                _ => {}
            }
        }
        let last = timeline.steps.last().map_or(at(0), |step| step.at);
        let state = budget.state(last);
        prop_assert_eq!((state.firsts, state.charged), (firsts, charged), "{}", timeline);
        if let BreakerState::HalfOpen { probes, .. } = breaker.state(last) {
            prop_assert_eq!(probes, 0, "{}", timeline);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(refused.get() > 100, "only {refused:?} calls met a refusal");
}
