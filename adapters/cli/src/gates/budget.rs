//! The budget: retries and hedges as a share of the first sends.

use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{Budget, Instant};
use serde::Deserialize;

use super::number::whole;
use super::setting::Setting;
use crate::span::Span;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BudgetSetting {
    ratio: f64,
    #[serde(deserialize_with = "whole")]
    reserve: u32,
    window: Span,
}

impl Default for BudgetSetting {
    fn default() -> Self {
        Self { ratio: 0.2, reserve: 10, window: Span(Duration::from_secs(10)) }
    }
}

impl Setting for BudgetSetting {
    type Gate = Budget;

    const SHORT: &'static str = "ratio";
    const RIGHT: &'static str = "a number from 0.001 to 10";
    const VALUE: &'static str = "RATIO";
    const HELP: &'static str = "Allow this many retries and hedges for each first send, from 0.001 to 10, and refuse more [default: no budget]";
    const MORE: &'static str =
        "It counts over the last 10 s (window), and allows 10 retries and hedges on top (reserve).";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, _: u64) -> Budget {
        Budget::new(self.ratio).with_reserve(self.reserve).window(self.window.0)
    }

    fn told(&self) -> String {
        let (ratio, window, reserve) = (self.ratio, Text(self.window.0), self.reserve);
        format!(
            "Retries and hedges of all calls together are at most {ratio} × the first sends in {window}, and {reserve} on top; \
             others are refused."
        )
    }

    fn brief(&self) -> String {
        self.ratio.to_string()
    }

    fn state(gate: &Budget, now: Instant) -> String {
        format!("budget: {}", gate.state(now))
    }
}
