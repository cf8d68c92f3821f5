//! The state of gates as gauges.

use std::sync::Arc;

use insist_core::{
    AdaptiveRate, AdaptiveThrottle, AimdLimit, Breaker, BreakerState, Budget, Bulkhead, GradientLimit, Instant,
    Latencies, Pause, RateLimit, RetryQuota, RetryShare,
};
use metrics::{IntoF64, Label, gauge};

use crate::names;

/// A gate whose state can be recorded as gauges. Whoever wants to see it calls this from time to time: before a scrape,
/// or every few seconds.
///
/// All gauges have the label `gate` with the name that is given. References, `Arc`s, `Option`s and tuples of gates are
/// recorded as what they hold, under one name; gates of the same type need names of their own.
///
/// | gate | gauges |
/// |---|---|
/// | [`Breaker`] | `insist_breaker_state` (1 for the `state` that it is in, of `closed`, `open` and `half_open`), `insist_breaker_attempts`, `insist_breaker_failures`, `insist_breaker_slow` (of the window; 0 while it is not closed) |
/// | [`Budget`] | `insist_budget_first_sends`, `insist_budget_charged`, `insist_budget_left` |
/// | [`Bulkhead`] | `insist_bulkhead_in_flight`, `insist_bulkhead_room` |
/// | [`RateLimit`] | `insist_rate_limit_left`, `insist_rate_limit_burst` |
/// | [`RetryQuota`] | `insist_retry_quota_tokens`, `insist_retry_quota_capacity` |
/// | [`RetryShare`] | `insist_retry_share_in_flight`, `insist_retry_share_retries`, `insist_retry_share_left` |
/// | [`AimdLimit`] | `insist_aimd_limit_in_flight`, `insist_aimd_limit_room` |
/// | [`GradientLimit`] | `insist_gradient_limit_in_flight`, `insist_gradient_limit_room`, `insist_gradient_limit_least_latency_seconds` (0 while none is known) |
/// | [`AdaptiveRate`] | `insist_adaptive_rate_per_second` (infinite before any attempt was throttled), `insist_adaptive_rate_measured_per_second` |
/// | [`Pause`] | `insist_pause_left_seconds` (0 while there is none) |
/// | [`AdaptiveThrottle`] | `insist_adaptive_throttle_refusal_ratio` |
/// | [`Latencies`] | `insist_latencies_known`, `insist_latencies_seconds` (`quantile`: 0.5, 0.95, 0.99) |
///
/// ```
/// use insist_core::{Breaker, Budget, Instant};
/// use insist_metrics::RecordState;
///
/// static BREAKER: Breaker = Breaker::new(0.5);
/// static BUDGET: Budget = Budget::new(0.1);
///
/// (&BREAKER, &BUDGET).record_state("payments", Instant::now());
/// ```
pub trait RecordState {
    /// Records the state at this instant, on the clock of the calls that share the gate: with the std drivers
    /// [`Instant::now`].
    fn record_state(&self, name: &'static str, now: Instant);
}

impl RecordState for Breaker {
    fn record_state(&self, name: &'static str, now: Instant) {
        let (state, attempts, failures, slow) = match self.state(now) {
            BreakerState::Closed { attempts, failures, slow, .. } => ("closed", attempts, failures, slow),
            BreakerState::Open { .. } => ("open", 0, 0, 0),
            _ => ("half_open", 0, 0, 0),
        };
        for each in ["closed", "open", "half_open"] {
            set_with(names::BREAKER_STATE, name, ("state", each), u8::from(each == state));
        }
        set(names::BREAKER_ATTEMPTS, name, whole(attempts));
        set(names::BREAKER_FAILURES, name, whole(failures));
        set(names::BREAKER_SLOW, name, whole(slow));
    }
}

impl RecordState for Budget {
    fn record_state(&self, name: &'static str, now: Instant) {
        let state = self.state(now);
        set(names::BUDGET_FIRSTS, name, whole(state.firsts));
        set(names::BUDGET_CHARGED, name, whole(state.charged));
        set(names::BUDGET_LEFT, name, whole(state.left));
    }
}

impl RecordState for Bulkhead {
    fn record_state(&self, name: &'static str, _: Instant) {
        set(names::BULKHEAD_IN_FLIGHT, name, self.in_flight());
        set(names::BULKHEAD_ROOM, name, self.room());
    }
}

impl RecordState for RateLimit {
    fn record_state(&self, name: &'static str, now: Instant) {
        let state = self.state(now);
        set(names::RATE_LIMIT_LEFT, name, state.left);
        set(names::RATE_LIMIT_BURST, name, state.burst);
    }
}

impl RecordState for RetryQuota {
    fn record_state(&self, name: &'static str, now: Instant) {
        let state = self.state(now);
        set(names::RETRY_QUOTA_TOKENS, name, state.tokens);
        set(names::RETRY_QUOTA_CAPACITY, name, state.capacity);
    }
}

impl RecordState for RetryShare {
    fn record_state(&self, name: &'static str, _: Instant) {
        let state = self.state();
        set(names::RETRY_SHARE_IN_FLIGHT, name, state.in_flight);
        set(names::RETRY_SHARE_RETRIES, name, state.retries);
        set(names::RETRY_SHARE_LEFT, name, state.left);
    }
}

impl RecordState for AimdLimit {
    fn record_state(&self, name: &'static str, _: Instant) {
        let state = self.state();
        set(names::AIMD_IN_FLIGHT, name, state.in_flight);
        set(names::AIMD_ROOM, name, state.limit);
    }
}

impl RecordState for GradientLimit {
    fn record_state(&self, name: &'static str, _: Instant) {
        let state = self.state();
        set(names::GRADIENT_IN_FLIGHT, name, state.in_flight);
        set(names::GRADIENT_ROOM, name, state.limit);
        set(names::GRADIENT_LATENCY, name, state.least_latency.unwrap_or_default());
    }
}

impl RecordState for AdaptiveRate {
    fn record_state(&self, name: &'static str, _: Instant) {
        let state = self.state();
        set(names::ADAPTIVE_RATE, name, if state.is_limiting { state.rate } else { f64::INFINITY });
        set(names::ADAPTIVE_RATE_MEASURED, name, state.measured);
    }
}

impl RecordState for Pause {
    fn record_state(&self, name: &'static str, now: Instant) {
        set(names::PAUSE, name, self.state(now).left);
    }
}

impl RecordState for AdaptiveThrottle {
    fn record_state(&self, name: &'static str, now: Instant) {
        set(names::THROTTLE_REFUSAL, name, self.refusal(now));
    }
}

impl RecordState for Latencies {
    fn record_state(&self, name: &'static str, now: Instant) {
        let state = self.state(now);
        set(names::LATENCIES_KNOWN, name, state.latencies);
        for (quantile, latency) in [("0.5", state.p50), ("0.95", state.p95), ("0.99", state.p99)] {
            set_with(names::LATENCIES, name, ("quantile", quantile), latency);
        }
    }
}

impl<G: RecordState + ?Sized> RecordState for &G {
    fn record_state(&self, name: &'static str, now: Instant) {
        (**self).record_state(name, now);
    }
}

impl<G: RecordState + ?Sized> RecordState for Arc<G> {
    fn record_state(&self, name: &'static str, now: Instant) {
        (**self).record_state(name, now);
    }
}

/// Records the gate, if there is one.
impl<G: RecordState> RecordState for Option<G> {
    fn record_state(&self, name: &'static str, now: Instant) {
        if let Some(gate) = self {
            gate.record_state(name, now);
        }
    }
}

macro_rules! tuples {
    ($(($($gate:ident $index:tt),+))+) => {
        $(
            /// Records each of them.
            impl<$($gate: RecordState),+> RecordState for ($($gate,)+) {
                fn record_state(&self, name: &'static str, now: Instant) {
                    $(self.$index.record_state(name, now);)+
                }
            }
        )+
    };
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}

fn set(metric: &'static str, name: &'static str, value: impl IntoF64) {
    gauge!(metric, vec![Label::from_static_parts("gate", name)]).set(value);
}

fn set_with(metric: &'static str, name: &'static str, word: (&'static str, &'static str), value: impl IntoF64) {
    let labels = vec![Label::from_static_parts("gate", name), Label::from_static_parts(word.0, word.1)];
    gauge!(metric, labels).set(value);
}

/// Counts beyond 2^53 are rounded.
const fn whole(count: u64) -> f64 {
    count as f64
}
