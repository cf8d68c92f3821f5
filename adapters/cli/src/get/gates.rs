//! The gates of a command, `--budget` and `--breaker`: each host has its own, and all calls to it share them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http::Uri;
use insist_core::{Breaker, BreakerState, Budget, Instant};
use insist_ureq::insisting::Hosts;

use crate::span::Rounded;

/// State that the calls of a command share, and that can refuse an attempt.
#[derive(Args)]
#[command(next_help_heading = "Gates (shared by all calls to a host)")]
pub(super) struct GateOptions {
    /// Retries and hedges for each first send, from 0.001 to 10; more are refused [default: no budget]
    ///
    /// It counts over 10 s, and has a reserve of 10 retries and hedges on top.
    #[arg(long, value_name = "RATIO", value_parser = budget, allow_hyphen_values = true)]
    budget: Option<f64>,

    /// Refuse attempts for 5 s once this share of them fails, above 0 and up to 1 [default: no breaker]
    ///
    /// It counts the attempts of 10 s, and opens when there are at least 20 of them. After the 5 s one attempt is let
    /// through, and decides whether it closes.
    #[arg(long, value_name = "RATIO", value_parser = breaker, allow_hyphen_values = true)]
    breaker: Option<f64>,
}

impl GateOptions {
    /// The gates of each of these URLs, in their order; `None` where none are asked for.
    pub(super) fn of(&self, urls: &[Uri]) -> Option<Vec<Arc<Gates>>> {
        if self.budget.is_none() && self.breaker.is_none() {
            return None;
        }
        let (budget, breaker) = (self.budget, self.breaker);
        // No more hosts than URLs, and none of them is forgotten while the command runs.
        let hosts = Hosts::new(move || (breaker.map(Breaker::new), budget.map(Budget::new)))
            .limit(urls.len())
            .idle(Duration::MAX);
        Some(urls.iter().map(|url| hosts.gate(url, Instant::now())).collect())
    }
}

fn budget(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| Budget::new(*ratio).validate().is_ok());
    ratio.ok_or("a number from 0.001 to 10 is needed".into())
}

fn breaker(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| Breaker::new(*ratio).validate().is_ok());
    ratio.ok_or("a number above 0 and up to 1 is needed".into())
}

/// The gates of a host. The breaker is asked first: the budget counts no first send that was refused.
pub(crate) type Gates = (Option<Breaker>, Option<Budget>);

/// The states of gates, as they are now.
pub(super) struct States<'a>(pub(super) &'a Gates);

impl fmt::Display for States<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (breaker, budget) = self.0;
        let now = Instant::now();
        if let Some(budget) = budget {
            write!(f, "budget: {}", budget.state(now))?;
        }
        if let Some(breaker) = breaker {
            f.write_str(if budget.is_some() { "; breaker " } else { "breaker " })?;
            match breaker.state(now) {
                // The instant itself means nothing outside this process.
                BreakerState::Open { until } => write!(f, "open for another {}", Rounded(until.saturating_since(now)))?,
                state => write!(f, "{state}")?,
            }
        }
        Ok(())
    }
}
