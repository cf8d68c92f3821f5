//! The gates, as they are and around calls. The throttles of other systems are in `tests/systems`; each gate is held to a
//! model of its own by the fuzz body `gates`, which `tests/world` runs.

mod aimd_limit;
mod breaker;
mod breaker_calls;
mod breaker_chance;
mod breaker_last;
mod breaker_slow;
mod budget;
mod budget_calls;
mod gradient_limit;
mod latencies;
mod pause;
mod pause_calls;
mod rate_limit;
