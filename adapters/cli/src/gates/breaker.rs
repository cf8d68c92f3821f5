//! The breaker: nothing is sent for a while once too much fails.

use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{Breaker, BreakerState, Instant};
use serde::Deserialize;

use super::number::{small, whole};
use super::setting::Setting;
use crate::span::{Rounded, Span};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BreakerSetting {
    ratio: f64,
    #[serde(deserialize_with = "whole")]
    min_throughput: u32,
    window: Span,
    open_for: Span,
    #[serde(deserialize_with = "small")]
    probes: u8,
    #[serde(deserialize_with = "small")]
    successes: u8,
    waits: bool,
}

impl Default for BreakerSetting {
    fn default() -> Self {
        Self {
            ratio: 0.5,
            min_throughput: 20,
            window: Span(Duration::from_secs(10)),
            open_for: Span(Duration::from_secs(5)),
            probes: 1,
            successes: 1,
            waits: false,
        }
    }
}

impl Setting for BreakerSetting {
    type Gate = Breaker;

    const SHORT: &'static str = "ratio";
    const RIGHT: &'static str = "a number above 0 and up to 1";
    const VALUE: &'static str = "RATIO";
    const HELP: &'static str = "Open for 5 s, refusing every attempt, once this share of attempts fails, above 0 and up to 1 \
                                [default: no breaker]";
    const MORE: &'static str = "It counts the attempts of the last 10 s (window), and opens only if there are at least 20 \
                                (min_throughput). After the 5 s (open_for) it is half-open: one attempt is let through (probes), \
                                and its success closes the breaker (successes). With waits=true attempts wait for that.";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, _: u64) -> Breaker {
        let breaker = Breaker::new(self.ratio)
            .min_throughput(self.min_throughput)
            .window(self.window.0)
            .open_for(self.open_for.0)
            .probes(self.probes, self.successes);
        if self.waits { breaker.waiting() } else { breaker }
    }

    fn told(&self) -> String {
        let Self { min_throughput, window, open_for, probes, successes, .. } = self;
        let percent = (self.ratio * 1000.0).round() / 10.0;
        let what = if self.waits { "attempts are held back" } else { "every attempt is refused" };
        let then = if *probes == 1 {
            "one attempt tries whether it works again".to_owned()
        } else {
            format!("{probes} attempts try whether it works again, of which {successes} have to succeed")
        };
        format!(
            "When {percent} % or more of the attempts of the last {} fail, and there are {min_throughput} of them, {what} for \
             {}; then {then}.",
            Text(window.0),
            Text(open_for.0)
        )
    }

    fn brief(&self) -> String {
        self.ratio.to_string()
    }

    fn state(gate: &Breaker, now: Instant) -> String {
        match gate.state(now) {
            // Shown as a span, since an instant means nothing outside this process.
            BreakerState::Open { until } => {
                format!("breaker open for another {}", Rounded(until.saturating_since(now)))
            }
            state => format!("breaker {state}"),
        }
    }
}
