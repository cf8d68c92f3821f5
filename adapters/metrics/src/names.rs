//! The names of all metrics, with their units and descriptions.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(crate) const ATTEMPTS: &str = "insist_attempts_total";
pub(crate) const ATTEMPT_DURATION: &str = "insist_attempt_duration_seconds";
pub(crate) const WAIT_DURATION: &str = "insist_wait_duration_seconds";
pub(crate) const REFUSALS: &str = "insist_refusals_total";
pub(crate) const CALLS: &str = "insist_calls_total";
pub(crate) const CALL_DURATION: &str = "insist_call_duration_seconds";

pub(crate) const BREAKER_STATE: &str = "insist_breaker_state";
pub(crate) const BREAKER_ATTEMPTS: &str = "insist_breaker_attempts";
pub(crate) const BREAKER_FAILURES: &str = "insist_breaker_failures";
pub(crate) const BREAKER_SLOW: &str = "insist_breaker_slow";
pub(crate) const BUDGET_FIRSTS: &str = "insist_budget_first_sends";
pub(crate) const BUDGET_CHARGED: &str = "insist_budget_charged";
pub(crate) const BUDGET_LEFT: &str = "insist_budget_left";
pub(crate) const BULKHEAD_IN_FLIGHT: &str = "insist_bulkhead_in_flight";
pub(crate) const BULKHEAD_ROOM: &str = "insist_bulkhead_room";
pub(crate) const RATE_LIMIT_LEFT: &str = "insist_rate_limit_left";
pub(crate) const RATE_LIMIT_BURST: &str = "insist_rate_limit_burst";
pub(crate) const RETRY_QUOTA_TOKENS: &str = "insist_retry_quota_tokens";
pub(crate) const RETRY_QUOTA_CAPACITY: &str = "insist_retry_quota_capacity";
pub(crate) const RETRY_SHARE_IN_FLIGHT: &str = "insist_retry_share_in_flight";
pub(crate) const RETRY_SHARE_RETRIES: &str = "insist_retry_share_retries";
pub(crate) const RETRY_SHARE_LEFT: &str = "insist_retry_share_left";
pub(crate) const AIMD_IN_FLIGHT: &str = "insist_aimd_limit_in_flight";
pub(crate) const AIMD_ROOM: &str = "insist_aimd_limit_room";
pub(crate) const GRADIENT_IN_FLIGHT: &str = "insist_gradient_limit_in_flight";
pub(crate) const GRADIENT_ROOM: &str = "insist_gradient_limit_room";
pub(crate) const GRADIENT_LATENCY: &str = "insist_gradient_limit_least_latency_seconds";
pub(crate) const ADAPTIVE_RATE: &str = "insist_adaptive_rate_per_second";
pub(crate) const ADAPTIVE_RATE_MEASURED: &str = "insist_adaptive_rate_measured_per_second";
pub(crate) const PAUSE: &str = "insist_pause_left_seconds";
pub(crate) const THROTTLE_REFUSAL: &str = "insist_adaptive_throttle_refusal_ratio";
pub(crate) const LATENCIES_KNOWN: &str = "insist_latencies_known";
pub(crate) const LATENCIES: &str = "insist_latencies_seconds";

/// Gives the current recorder the description and the unit of every metric. Call it once, after the recorder was
/// installed.
///
/// ```
/// use metrics_exporter_prometheus::PrometheusBuilder;
///
/// let recorder = PrometheusBuilder::new().build_recorder(); // .install() starts a server as well
/// metrics::set_global_recorder(recorder)?;
/// insist_metrics::describe();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn describe() {
    describe_counter!(ATTEMPTS, Unit::Count, "Attempts that have ended, by kind and by end.");
    describe_histogram!(ATTEMPT_DURATION, Unit::Seconds, "Time from the send of an attempt to its end.");
    describe_histogram!(WAIT_DURATION, Unit::Seconds, "Time that calls waited before a send.");
    describe_counter!(REFUSALS, Unit::Count, "Calls that ended because a gate refused, by what it said.");
    describe_counter!(CALLS, Unit::Count, "Calls that have ended, by result.");
    describe_histogram!(CALL_DURATION, Unit::Seconds, "Time from the start of a call to its end.");

    describe_gauge!(BREAKER_STATE, Unit::Count, "1 for the state that the breaker is in, 0 for the others.");
    describe_gauge!(BREAKER_ATTEMPTS, Unit::Count, "Attempts in the window of the breaker while it is closed.");
    describe_gauge!(BREAKER_FAILURES, Unit::Count, "Failures among the attempts in the window of the breaker.");
    describe_gauge!(BREAKER_SLOW, Unit::Count, "Slow attempts in the window of the breaker.");
    describe_gauge!(BUDGET_FIRSTS, Unit::Count, "First sends in the window of the budget.");
    describe_gauge!(BUDGET_CHARGED, Unit::Count, "Retries and hedges in the window of the budget.");
    describe_gauge!(BUDGET_LEFT, Unit::Count, "Retries and hedges that the budget would let through now.");
    describe_gauge!(BULKHEAD_IN_FLIGHT, Unit::Count, "Attempts in flight.");
    describe_gauge!(BULKHEAD_ROOM, Unit::Count, "Attempts that may be in flight at once.");
    describe_gauge!(RATE_LIMIT_LEFT, Unit::Count, "Attempts that could be sent now.");
    describe_gauge!(RATE_LIMIT_BURST, Unit::Count, "Attempts that could be sent after a time without any.");
    describe_gauge!(RETRY_QUOTA_TOKENS, Unit::Count, "Tokens that the retry quota holds.");
    describe_gauge!(RETRY_QUOTA_CAPACITY, Unit::Count, "Tokens that the retry quota can hold.");
    describe_gauge!(RETRY_SHARE_IN_FLIGHT, Unit::Count, "Attempts in flight.");
    describe_gauge!(RETRY_SHARE_RETRIES, Unit::Count, "Retries and hedges that wait or are in flight.");
    describe_gauge!(RETRY_SHARE_LEFT, Unit::Count, "Retries and hedges that the share would let through now.");
    describe_gauge!(AIMD_IN_FLIGHT, Unit::Count, "Attempts in flight.");
    describe_gauge!(AIMD_ROOM, Unit::Count, "Attempts that may be in flight at once now.");
    describe_gauge!(GRADIENT_IN_FLIGHT, Unit::Count, "Attempts in flight.");
    describe_gauge!(GRADIENT_ROOM, Unit::Count, "Attempts that may be in flight at once now.");
    describe_gauge!(GRADIENT_LATENCY, Unit::Seconds, "The least latency; 0 while none is known.");
    describe_gauge!(ADAPTIVE_RATE, Unit::CountPerSecond, "Attempts a second; infinite before any was throttled.");
    describe_gauge!(ADAPTIVE_RATE_MEASURED, Unit::CountPerSecond, "Answers a second, as measured.");
    describe_gauge!(PAUSE, Unit::Seconds, "What is left of the pause; 0 while there is none.");
    describe_gauge!(THROTTLE_REFUSAL, "Probability with which the throttle refuses an attempt, from 0 to 1.");
    describe_gauge!(LATENCIES_KNOWN, Unit::Count, "Latencies that are known.");
    describe_gauge!(LATENCIES, Unit::Seconds, "Quantiles of the latencies that are known.");
}
