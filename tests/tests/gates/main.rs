//! The gates: the circuit breaker and the retry budget, as they are and around calls. The throttles of other systems
//! are in `tests/systems`.

mod breaker;
mod breaker_calls;
mod breaker_chance;
mod breaker_last;
mod breaker_slow;
mod budget;
mod budget_calls;
mod latencies;
mod rate_limit;
