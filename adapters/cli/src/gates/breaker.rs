//! The breaker: nothing is sent for a while once too much fails.

use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{Breaker, BreakerState, Instant};
use serde::{Deserialize, Deserializer};

use super::number::{small, whole};
use super::setting::Setting;
use crate::span::{Rounded, Span};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BreakerSetting {
    ratio: f64,
    /// 0 opens at the ratio.
    #[serde(deserialize_with = "whole")]
    failures: u32,
    /// 0 says nothing of slow attempts.
    slow_after: Span,
    slow_share: f64,
    /// 0 is no test.
    sigmas: f64,
    /// Left out, it is what a breaker of this kind has.
    #[serde(deserialize_with = "some_whole")]
    min_throughput: Option<u32>,
    window: Span,
    /// 0 counts over time.
    #[serde(deserialize_with = "whole")]
    over_last: u32,
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
            failures: 0,
            slow_after: Span::default(),
            slow_share: 1.0,
            sigmas: 0.0,
            min_throughput: None,
            window: Span(Duration::from_secs(10)),
            over_last: 0,
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
    const HELP: &'static str =
        "Refuse every attempt for 5 s once this share of attempts fails, above 0 and up to 1 [default: no breaker]";
    const MORE: &'static str = "The share is that of the attempts of the last 10 s (window), or of the last 100 with over_last=100, and \
         opens the breaker only if there are at least 20 of them (min_throughput). With failures=5 it opens after 5 \
         failures instead, whatever their share, and with over_last=5 as well after 5 in a row. With \
         slow_after=2s,slow_share=0.8 it opens also if that share of attempts takes longer than that. With sigmas=3 \
         it opens only if the share is 3 standard errors above the ratio, which chance hardly explains. After 5 s \
         (open_for) it is half-open: it lets 1 attempt through (probes), and closes after 1 success (successes). \
         With waits=true attempts wait until it lets them through, in place of being refused.";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, _: u64) -> Breaker {
        let breaker = match self.failures {
            0 => Breaker::new(self.ratio),
            failures => Breaker::after_failures(failures),
        };
        let mut breaker = breaker.window(self.window.0).open_for(self.open_for.0).probes(self.probes, self.successes);
        if self.over_last > 0 {
            breaker = breaker.over_last(self.over_last);
        }
        if let Some(attempts) = self.min_throughput {
            breaker = breaker.min_throughput(attempts);
        }
        if !self.slow_after.0.is_zero() {
            breaker = breaker.slow(self.slow_after.0, self.slow_share);
        }
        if self.sigmas != 0.0 {
            breaker = breaker.sigmas(self.sigmas);
        }
        if self.waits { breaker.waiting() } else { breaker }
    }

    fn told(&self) -> String {
        let Self { probes, successes, .. } = self;
        let what = if self.waits { "attempts are held back" } else { "every attempt is refused" };
        let then = if *probes == 1 {
            "one attempt tries whether it works again".to_owned()
        } else {
            format!("{probes} attempts try whether it works again, of which {successes} have to succeed")
        };
        format!("When {}, {what} for {}; then {then}.", self.opens(), Text(self.open_for.0))
    }

    fn brief(&self) -> String {
        match self.failures {
            0 => self.ratio.to_string(),
            failures => format!("failures={failures}"),
        }
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

impl BreakerSetting {
    /// Says when it opens.
    fn opens(&self) -> String {
        let counted = match self.over_last {
            0 => format!("the attempts of the last {}", Text(self.window.0)),
            last => format!("the last {last} attempts"),
        };
        let at = match self.failures {
            0 => format!("{} or more of {counted} fail", percent(self.ratio)),
            failures if failures == self.over_last => format!("{failures} attempts in a row fail"),
            failures => format!("{failures} of {counted} fail"),
        };
        let slow = match self.slow_after.0 {
            Duration::ZERO => String::new(),
            after => format!(", or {} or more take longer than {}", percent(self.slow_share), Text(after)),
        };
        let chance =
            if self.sigmas == 0.0 { String::new() } else { format!(", by {} standard errors more", self.sigmas) };
        let enough = match (self.min_throughput, self.failures, self.over_last) {
            (None, 1.., _) if slow.is_empty() => String::new(),
            (None, _, last @ 1..20) => format!(", and there are {last} of them"),
            (attempts, ..) => format!(", and there are {} of them", attempts.unwrap_or(20)),
        };
        format!("{at}{slow}{chance}{enough}")
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

fn some_whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    whole(from).map(Some)
}
