//! The adaptive rate of AWS's SDKs: cut when a server throttles, and raised along a cubic curve.

use insist_core::{AdaptiveRate, Instant};
use serde::Deserialize;

use super::setting::Setting;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AdaptiveRateSetting {
    least: f64,
}

impl Default for AdaptiveRateSetting {
    fn default() -> Self {
        Self { least: 0.5 }
    }
}

impl Setting for AdaptiveRateSetting {
    type Gate = AdaptiveRate;

    const SHORT: &'static str = "least";
    const RIGHT: &'static str = "a number of attempts a second from 0.001 to 1000000";
    const VALUE: &'static str = "RATE";
    const HELP: &'static str = "Once an attempt is throttled, hold attempts back to a rate that adapts, of at least this many a second, as \
         AWS's SDKs do in their adaptive mode [default: no rate]";
    const MORE: &'static str = "A throttled answer multiplies the rate by 0.7; it then grows along a cubic curve, up to twice the rate of \
         the answers. AWS's least is 0.5. No attempt is refused, however long it is held back, so set a deadline.";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, _: u64) -> AdaptiveRate {
        AdaptiveRate::new().least(self.least)
    }

    fn told(&self) -> String {
        format!(
            "Once an attempt is throttled, attempts are sent at 0.7 × the rate of that moment, and then at one that grows again, at \
             least {} a second; others wait for their turn.",
            self.least
        )
    }

    fn brief(&self) -> String {
        self.least.to_string()
    }

    fn state(gate: &AdaptiveRate, _: Instant) -> String {
        format!("adaptive rate: {}", gate.state())
    }
}
