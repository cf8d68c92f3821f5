//! The retry share: retries and hedges as a share of what is in flight.

use insist_core::{Instant, RetryShare};
use serde::Deserialize;

use super::number::whole;
use super::setting::Setting;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetryShareSetting {
    share: f64,
    #[serde(deserialize_with = "whole")]
    at_least: u32,
}

impl Default for RetryShareSetting {
    fn default() -> Self {
        Self { share: 0.2, at_least: 3 }
    }
}

impl Setting for RetryShareSetting {
    type Gate = RetryShare;

    const SHORT: &'static str = "share";
    const RIGHT: &'static str = "a number from 0 to 1";
    const VALUE: &'static str = "SHARE";
    const HELP: &'static str = "Refuse a retry or hedge if others, waiting or in flight, already make up this share of the attempts in \
         flight, from 0 to 1, as Envoy's retry budget does [default: no share]";
    const MORE: &'static str = "Up to 3 are allowed whatever the share (at_least). Envoy's share is 0.2.";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, _: u64) -> RetryShare {
        RetryShare::new(self.share).at_least(self.at_least)
    }

    fn told(&self) -> String {
        format!(
            "Retries and hedges that wait or are in flight are at most {} × the attempts in flight, or {} if that is more; others \
             are refused.",
            self.share, self.at_least
        )
    }

    fn brief(&self) -> String {
        self.share.to_string()
    }

    fn state(gate: &RetryShare, _: Instant) -> String {
        format!("retry share: {}", gate.state())
    }
}
