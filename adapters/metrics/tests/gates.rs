//! What is recorded of the state of gates.

#[path = "include/by_hand.rs"]
mod by_hand;
#[path = "../../../tests/include/recorded.rs"]
mod recorded;

use std::sync::Arc;
use std::time::Duration;

use by_hand::{at, ms};
use insist_core::{
    AdaptiveRate, AdaptiveThrottle, Admission, AimdLimit, AttemptEnd, Breaker, Budget, Bulkhead, Cause, Gate,
    GradientLimit, Latencies, Pause, RateLimit, RetryQuota, RetryShare, Settled, Verdict,
};
use insist_metrics::RecordState;
use recorded::recorded;

/// Lets a first send through, which ends so after a time.
fn send(gate: &impl Gate, sent: u64, end: AttemptEnd, ended: u64) {
    assert_eq!(gate.admit(at(sent), &Cause::FIRST), Admission::Yes);
    gate.settle(at(ended), &Cause::FIRST, &Settled::Ended(end, at(sent)));
}

fn failure() -> AttemptEnd {
    Verdict::retry().into()
}

#[test]
fn a_breaker_is_in_one_state_and_tells_its_window_while_it_is_closed() {
    let breaker = Breaker::new(0.5).min_throughput(4).open_for(ms(5000));
    send(&breaker, 0, failure(), 0);
    send(&breaker, 0, AttemptEnd::Accept, 0);
    send(&breaker, 0, AttemptEnd::Accept, 0);
    let lines = |millis| recorded(|| breaker.record_state("payments", at(millis)));
    let states = |closed, half_open, open| {
        [("closed", closed), ("half_open", half_open), ("open", open)]
            .map(|(state, value)| format!("breaker_state gate=\"payments\" state=\"{state}\" {value}"))
    };
    let window = |attempts, failures| {
        [("attempts", attempts), ("failures", failures), ("slow", 0)]
            .map(|(what, value)| format!("breaker_{what} gate=\"payments\" {value}"))
    };
    assert_eq!(lines(0), [&window(3, 1)[..], &states(1, 0, 0)].concat());
    send(&breaker, 0, failure(), 0);
    assert_eq!(lines(1), [&window(0, 0)[..], &states(0, 0, 1)].concat());
    _ = breaker.admit(at(5000), &Cause::FIRST);
    assert_eq!(lines(5000), [&window(0, 0)[..], &states(0, 1, 0)].concat());
}

#[test]
fn a_budget_tells_what_it_has_counted_and_what_is_left() {
    let budget = Budget::new(0.5).with_reserve(2);
    (0..4).for_each(|_| send(&budget, 0, failure(), 0));
    assert!(budget.reserve(at(0), &Cause::HEDGE).is_ok());
    assert_eq!(
        recorded(|| budget.record_state("shop", at(0))),
        ["budget_charged gate=\"shop\" 1", "budget_first_sends gate=\"shop\" 4", "budget_left gate=\"shop\" 3"]
    );
}

#[test]
fn a_bulkhead_tells_what_is_in_flight_and_its_room() {
    let bulkhead = Bulkhead::new(8);
    _ = bulkhead.admit(at(0), &Cause::FIRST);
    let lines = recorded(|| bulkhead.record_state("shop", at(0)));
    assert_eq!(lines, ["bulkhead_in_flight gate=\"shop\" 1", "bulkhead_room gate=\"shop\" 8"]);
}

#[test]
fn a_rate_limit_tells_what_could_be_sent() {
    let limit = RateLimit::new(100, ms(1000)).burst(5);
    _ = limit.admit(at(0), &Cause::FIRST);
    let lines = recorded(|| limit.record_state("shop", at(0)));
    assert_eq!(lines, ["rate_limit_burst gate=\"shop\" 5", "rate_limit_left gate=\"shop\" 4"]);
}

#[test]
fn a_retry_quota_tells_its_tokens_with_their_parts() {
    let quota = RetryQuota::new(500).reward(0.5);
    assert!(quota.reserve(at(0), &Cause::retry(AttemptEnd::Timeout)).is_ok());
    send(&quota, 0, AttemptEnd::Accept, 0);
    let lines = recorded(|| quota.record_state("shop", at(0)));
    assert_eq!(lines, ["retry_quota_capacity gate=\"shop\" 500", "retry_quota_tokens gate=\"shop\" 490.5"]);
}

#[test]
fn a_breaker_tells_its_slow_attempts() {
    let breaker = Breaker::new(0.5).slow(ms(100), 0.9);
    send(&breaker, 0, AttemptEnd::Accept, 101);
    send(&breaker, 0, AttemptEnd::Accept, 100);
    let lines = recorded(|| breaker.record_state("shop", at(100)));
    assert_eq!(lines[2], "breaker_slow gate=\"shop\" 1");
}

#[test]
fn a_retry_share_tells_what_is_in_flight_and_what_is_left() {
    let share = RetryShare::new(0.5);
    (0..10).for_each(|_| _ = share.admit(at(0), &Cause::FIRST));
    assert!(share.reserve(at(0), &Cause::HEDGE).is_ok());
    assert_eq!(
        recorded(|| share.record_state("shop", at(0))),
        [
            "retry_share_in_flight gate=\"shop\" 10",
            "retry_share_left gate=\"shop\" 4",
            "retry_share_retries gate=\"shop\" 1"
        ]
    );
}

#[test]
fn limits_that_adapt_tell_their_room_now() {
    let aimd = AimdLimit::new(1, 9).start(4);
    _ = aimd.admit(at(0), &Cause::FIRST);
    send(&aimd, 0, AttemptEnd::Accept, 0);
    let lines = recorded(|| aimd.record_state("shop", at(0)));
    assert_eq!(lines, ["aimd_limit_in_flight gate=\"shop\" 1", "aimd_limit_room gate=\"shop\" 5"]);
    let gradient = GradientLimit::new(4, 9).least_latency(ms(8));
    _ = gradient.admit(at(0), &Cause::FIRST);
    assert_eq!(
        recorded(|| gradient.record_state("shop", at(0))),
        [
            "gradient_limit_in_flight gate=\"shop\" 1",
            "gradient_limit_least_latency_seconds gate=\"shop\" 0.008",
            "gradient_limit_room gate=\"shop\" 4"
        ]
    );
}

#[test]
fn an_adaptive_rate_is_infinite_until_it_is_throttled() {
    let rate = AdaptiveRate::new();
    let lines = || recorded(|| rate.record_state("shop", at(0)));
    let line = |value: f64| format!("adaptive_rate_per_second gate=\"shop\" {value}");
    assert_eq!(lines(), ["adaptive_rate_measured_per_second gate=\"shop\" 0".to_owned(), line(f64::INFINITY)]);
    send(&rate, 0, Verdict::retry().throttled().into(), 600);
    assert_eq!(lines(), ["adaptive_rate_measured_per_second gate=\"shop\" 1.6".to_owned(), line(1.6 * 0.7)]);
}

#[test]
fn a_pause_tells_what_is_left_of_it() {
    let pause = Pause::new();
    let lines = |millis| recorded(|| pause.record_state("shop", at(millis)));
    assert_eq!(lines(0), ["pause_left_seconds gate=\"shop\" 0"]);
    send(&pause, 0, Verdict::retry().after(ms(2000)).into(), 0);
    assert_eq!(lines(500), ["pause_left_seconds gate=\"shop\" 1.5"]);
}

#[test]
fn an_adaptive_throttle_tells_how_likely_it_refuses() {
    let throttle = AdaptiveThrottle::new(2.0);
    let line = || recorded(|| throttle.record_state("shop", at(0)));
    assert_eq!(line(), ["adaptive_throttle_refusal_ratio gate=\"shop\" 0"]);
    send(&throttle, 0, Verdict::retry().throttled().into(), 0);
    assert_eq!(line(), ["adaptive_throttle_refusal_ratio gate=\"shop\" 0.5"]);
}

#[test]
fn latencies_tell_their_quantiles_in_seconds() {
    let latencies = Latencies::new();
    (1..=100).for_each(|millis| send(&latencies, 0, AttemptEnd::Accept, millis));
    assert_eq!(
        recorded(|| latencies.record_state("shop", at(100))),
        [
            "latencies_known gate=\"shop\" 100",
            "latencies_seconds gate=\"shop\" quantile=\"0.5\" 0.05",
            "latencies_seconds gate=\"shop\" quantile=\"0.95\" 0.095",
            "latencies_seconds gate=\"shop\" quantile=\"0.99\" 0.099",
        ]
    );
}

#[test]
fn gates_are_recorded_as_they_are_given_to_a_call() {
    static BULKHEAD: Bulkhead = Bulkhead::new(8);
    let budget = Arc::new(Budget::new(0.1));
    let none: Option<&Breaker> = None;
    let limit = Some(RateLimit::new(7, Duration::from_secs(1)));
    let lines = recorded(|| (&BULKHEAD, budget, none, limit).record_state("shop", at(0)));
    let names: Vec<_> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        names,
        [
            "budget_charged",
            "budget_first_sends",
            "budget_left",
            "bulkhead_in_flight",
            "bulkhead_room",
            "rate_limit_burst",
            "rate_limit_left"
        ]
    );
}
