//! The adaptive throttle: a client that turns attempts away by itself once the servers do.

use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{AdaptiveThrottle, Instant};
use serde::Deserialize;

use super::setting::Setting;
use crate::span::Span;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ThrottleSetting {
    k: f64,
    window: Span,
}

impl Default for ThrottleSetting {
    fn default() -> Self {
        Self { k: 2.0, window: Span(Duration::from_secs(120)) }
    }
}

impl Setting for ThrottleSetting {
    type Gate = AdaptiveThrottle;

    const SHORT: &'static str = "k";
    const RIGHT: &'static str = "a number from 1 to 1000";
    const VALUE: &'static str = "K";
    const HELP: &'static str = "Refuse attempts by chance once the servers take on fewer than one in K, from 1 to 1000 [default: no \
                                throttle]";
    const MORE: &'static str = "The share is that of the last 2 minutes (window). An attempt that is answered with 429 or times out is not \
         taken on. With 2, as in Google's SRE book, about two attempts reach the servers for each that they take on.";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, number: u64) -> AdaptiveThrottle {
        AdaptiveThrottle::new(self.k).window(self.window.0).seed(number)
    }

    fn told(&self) -> String {
        format!(
            "Attempts are refused by chance once the servers take on less than one in {} of the last {}, and more of them the \
             less they take on.",
            self.k,
            Text(self.window.0)
        )
    }

    fn brief(&self) -> String {
        self.k.to_string()
    }

    fn state(gate: &AdaptiveThrottle, now: Instant) -> String {
        format!("throttle: refuses {:.1} % of the attempts", gate.refusal(now) * 100.0)
    }
}
