//! The gates of a command: `--budget`, `--breaker`, `--rate`, and the latencies that `--hedge-after p95` asks for. Each host has its
//! own, shared by all calls to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http::Uri;
use insist_core::{Breaker, BreakerState, Budget, Instant, Latencies, Policy, RateLimit};
use insist_ureq::insisting::Hosts;

use crate::span::Rounded;

/// The options of the gates.
#[derive(Args)]
#[command(next_help_heading = "Gates (shared by all calls to a host)")]
pub(super) struct GateOptions {
    /// Allow this many retries and hedges for each first send, from 0.001 to 10, and refuse more [default: no budget]
    ///
    /// It counts over the last 10 s, and allows 10 retries and hedges on top.
    #[arg(long, value_name = "RATIO", value_parser = budget, allow_hyphen_values = true)]
    budget: Option<f64>,

    /// Open for 5 s, refusing every attempt, once this share of attempts fails, above 0 and up to 1 [default: no
    /// breaker]
    ///
    /// It counts the attempts of the last 10 s, and opens only if there are at least 20. After the 5 s it is half-open:
    /// one attempt is let through, and its success closes the breaker.
    #[arg(long, value_name = "RATIO", value_parser = breaker, allow_hyphen_values = true)]
    breaker: Option<f64>,

    /// Send no more attempts than this in a span, as in 10/s or 600/5m; the others wait for their turn [default: no limit]
    ///
    /// They are evenly spaced. An attempt that the deadline leaves no turn for is refused.
    #[arg(long, value_name = "N/SPAN", value_parser = rate, allow_hyphen_values = true)]
    rate: Option<Rate>,
}

/// So many attempts in a span.
#[derive(Clone, Copy, Debug)]
struct Rate {
    attempts: u32,
    span: Duration,
}

impl Rate {
    /// Returns the limit, without a burst: a command has just begun, and has saved up nothing.
    const fn limit(self) -> RateLimit {
        RateLimit::new(self.attempts, self.span).burst(1).waiting(Duration::MAX)
    }
}

impl GateOptions {
    /// Makes the gates of these URLs, in their order; `None` if no gate was asked for.
    pub(super) fn of(&self, urls: &[Uri], policy: &Policy) -> Option<Vec<Arc<Gates>>> {
        let hedges_at = policy.get_hedge_at().filter(|_| policy.get_lanes() > 1);
        if self.budget.is_none() && self.breaker.is_none() && self.rate.is_none() && hedges_at.is_none() {
            return None;
        }
        let (budget, breaker, rate) = (self.budget, self.breaker, self.rate);
        // There are no more hosts than URLs, and no gate is forgotten while the command runs.
        let gates = move || {
            let latencies = hedges_at.map(|_| Box::new(Latencies::new()));
            (breaker.map(Breaker::new), budget.map(Budget::new), latencies, rate.map(Rate::limit))
        };
        let hosts = Hosts::new(gates).limit(urls.len()).idle(Duration::MAX);
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

fn rate(text: &str) -> Result<Rate, String> {
    let read = || {
        let (attempts, span) = text.split_once('/')?;
        let attempts = attempts.parse().ok().filter(|attempts| *attempts > 0)?;
        // `10/s` is `10/1s`.
        let span =
            if span.starts_with(|first: char| first.is_ascii_digit()) { span.into() } else { format!("1{span}") };
        let span = insist_core::duration::parse(&span).ok().filter(|span| !span.is_zero())?;
        Some(Rate { attempts, span })
    };
    read().ok_or("a number of attempts and a span are needed, as in 10/s or 600/5m".into())
}

/// The gates of a host. The breaker is asked first: the budget counts no first send that was refused, and what was refused
/// takes no turn of the rate limit.
pub(crate) type Gates = (Option<Breaker>, Option<Budget>, Option<Box<Latencies>>, Option<RateLimit>);

/// Prints the present states of gates.
pub(super) struct States<'a>(pub(super) &'a Gates);

impl fmt::Display for States<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (breaker, budget, latencies, rate) = self.0;
        let now = Instant::now();
        let breaker = breaker.as_ref().map(|breaker| match breaker.state(now) {
            // Shown as a span, since an instant means nothing outside this process.
            BreakerState::Open { until } => {
                format!("breaker open for another {}", Rounded(until.saturating_since(now)))
            }
            state => format!("breaker {state}"),
        });
        let states = [
            latencies.as_ref().map(|latencies| latencies.state(now).to_string()),
            budget.as_ref().map(|budget| format!("budget: {}", budget.state(now))),
            breaker,
            rate.as_ref().map(|rate| format!("rate limit: {}", rate.state(now))),
        ];
        f.write_str(&states.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}
