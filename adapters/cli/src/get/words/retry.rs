//! curl's words for retries, laid over the policy.

use std::time::Duration;

use clap::Args;
use insist_core::{Cause, Gate, Instant, Jitter, Policy, Refusal, Shape};

use super::span::{seconds, seconds_or_zero};

/// curl's options for retries.
#[derive(Args)]
#[command(next_help_heading = "Retries in the words of curl (a number alone is seconds)")]
pub(in crate::get) struct RetryWords {
    /// Retry at most this many times, which is --attempts less one
    #[arg(long, value_name = "N", conflicts_with = "attempts")]
    retry: Option<u32>,

    /// Wait this long before each retry, instead of a backoff that grows; 0 is the usual backoff
    #[arg(long, value_name = "SECONDS", value_parser = seconds_or_zero, conflicts_with_all = ["backoff", "base", "delays"])]
    retry_delay: Option<Duration>,

    /// Begin no retry once the call has taken this long; what is in flight goes on, unlike with --deadline
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(in crate::get) retry_max_time: Option<Duration>,

    /// Change nothing: a refused connection is always retried
    #[arg(long)]
    retry_connrefused: bool,

    /// Cancel and retry an attempt that takes longer than this, its body included
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds, conflicts_with = "attempt_timeout")]
    pub(in crate::get) max_time: Option<Duration>,
}

impl RetryWords {
    /// Lays the words over a policy.
    pub(in crate::get) fn over(&self, mut policy: Policy) -> Policy {
        if let Some(retries) = self.retry {
            policy = policy.attempts(retries.saturating_add(1));
        }
        if let Some(base) = self.retry_delay.filter(|delay| !delay.is_zero()) {
            policy = policy.shape(Shape::Constant { base }).jitter(Jitter::None);
        }
        match self.max_time {
            Some(limit) => policy.attempt_timeout(limit),
            None => policy,
        }
    }
}

/// The gate of a call that begins no retry after some time.
pub(crate) struct RetryTime {
    until: Option<Instant>,
}

impl RetryTime {
    /// Makes the gate of a call that begins now.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { until: limit.and_then(|limit| Instant::now().checked_add(limit)) }
    }
}

impl Gate for RetryTime {
    fn reserve(&self, now: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.until.is_some_and(|until| now >= until) {
            Err(Refusal::new(&"--retry-max-time is over"))
        } else {
            Ok(())
        }
    }

    fn is_timeless(&self) -> bool {
        self.until.is_none()
    }

    fn is_open(&self) -> bool {
        self.until.is_none()
    }
}
