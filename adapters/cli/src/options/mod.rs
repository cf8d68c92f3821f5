//! The policy options, the same for all sub-commands, and the policy, gates and seed made of them.
//!
//! Options on the command line are laid over a preset, a policy file, or the defaults of the backoff.

mod backoff;
pub(crate) mod base;
pub(crate) mod file;
mod notes;
pub(crate) mod value;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use insist_core::{Jitter, Policy, PolicyError, Shape, fresh_seed};

use crate::exit::Failure;
use crate::gates::{GateOptions, Gates};
use crate::say::say;
use backoff::AtEndName;
use base::{Base, Preset};
use value::{Attempts, HedgeDelay};

/// The policy options: how often, how long, how far apart.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Policy (durations as 150ms, 1.5s, 2m, 1h or 0)")]
pub(crate) struct PolicyOptions {
    /// Start from the policy of a well-known system; other options change it [default: none]
    #[arg(long, value_name = "NAME", value_parser = base::preset())]
    preset: Option<Preset>,

    /// Start from the policy in a TOML file; other options change it [default: none]
    #[arg(long = "policy", value_name = "FILE", conflicts_with = "preset")]
    policy_file: Option<PathBuf>,

    /// Make waits grow from retry to retry in this shape [default: exponential, or list if --delays is given]
    #[arg(long, value_name = "SHAPE", value_parser = backoff::shape())]
    backoff: Option<Shape>,

    /// The wait that the backoff starts from [default: 100ms]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    base: Option<Duration>,

    /// The factor of an exponential backoff [default: 2]
    #[arg(long, value_name = "NUMBER", value_parser = value::factor, allow_hyphen_values = true)]
    factor: Option<f64>,

    /// The first wait after a failure that was throttled, as 429 is [default: as after any other]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    throttled_base: Option<Duration>,

    /// The longest wait, jitter included, Retry-After not [default: 10s for the shapes that grow, else none]
    ///
    /// With a preset or a file that stops at its cap, it is the wait at which the call stops.
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    cap: Option<Duration>,

    /// The shortest wait, jitter included [default: 0]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    floor: Option<Duration>,

    /// The waits of the list backoff, in order
    #[arg(long, value_name = "DURATION,…", value_parser = value::duration, value_delimiter = ',')]
    delays: Option<Vec<Duration>>,

    /// Do this after the last wait of the list backoff [default: stop]
    #[arg(long, value_enum, value_name = "END")]
    at_end: Option<AtEndName>,

    /// Spread waits: none, full (from 0), equal (from half), or ± a fraction such as 0.33 [default: full for the shapes
    /// that grow, none for constants and lists]
    #[arg(long, value_name = "JITTER", value_parser = value::jitter, allow_hyphen_values = true)]
    jitter: Option<Jitter>,

    /// The most attempts of a call, the first and those of all lanes included; or `unlimited` [default: 3]
    #[arg(long, value_name = "N", value_parser = value::attempts, allow_hyphen_values = true)]
    attempts: Option<Attempts>,

    /// The most attempts of each lane, its first included [default: as many as the call has]
    #[arg(long, value_name = "N", value_parser = value::lane_attempts, allow_hyphen_values = true)]
    lane_attempts: Option<u32>,

    /// The most attempts beyond these that fail without being sent, as where the connection is refused [default: 0]
    #[arg(long, value_name = "N")]
    unsent_attempts: Option<u8>,

    /// The most attempts in flight at once: 2 or more race or hedge [default: 1]
    #[arg(long, value_name = "N", value_parser = value::lanes, allow_hyphen_values = true)]
    lanes: Option<u8>,

    /// Open the next lane if attempts in flight take longer than this, or than this percentile of the latest answers of
    /// their host, as in p95; 0 opens all at once [default: 0]
    #[arg(long, value_name = "DURATION|pN", value_parser = value::hedge_delay)]
    hedge_after: Option<HedgeDelay>,

    /// Cancel and retry an attempt that takes longer than this [default: no timeout]
    #[arg(long, value_name = "DURATION", value_parser = value::timeout)]
    attempt_timeout: Option<Duration>,

    /// End the call after this time, waits included [default: no deadline]
    #[arg(long, value_name = "DURATION", value_parser = value::timeout)]
    deadline: Option<Duration>,

    /// The longest Retry-After to wait for; a longer one ends its lane [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    max_retry_after: Option<Duration>,

    /// Wait longer than Retry-After says by up to this share of it, from 0 to 1, so that clients do not come back together
    /// [default: 0]
    #[arg(long, value_name = "SHARE", value_parser = value::share)]
    retry_after_spread: Option<f64>,

    /// Ignore Retry-After: wait only as the backoff says
    #[arg(long)]
    ignore_retry_after: bool,

    /// The seed of the jitter: the same policy, seed and events give the same waits [default: random]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    #[command(flatten)]
    gates: GateOptions,
}

impl PolicyOptions {
    /// Makes the policy and its gates and checks them, but allows a policy with which a call need not end: `plan` needs no
    /// end.
    pub(crate) fn endless_policy(&self) -> Result<(Policy, Gates), Failure> {
        self.endless_policy_over(self.base()?)
    }

    /// Makes the policy and its gates and checks them, over another policy where neither a preset nor a file is named.
    #[cfg(feature = "store")]
    pub(crate) fn policy_over(&self, name: &str, default: Policy) -> Result<(Policy, Gates), Failure> {
        let default = Base { policy: default, gates: Gates::default(), name: name.into() };
        self.with_end(self.endless_policy_over(Some(self.base()?.unwrap_or(default)))?)
    }

    /// Returns the policy file that is named, if one is.
    #[cfg(feature = "store")]
    pub(crate) fn file(&self) -> Option<&std::path::Path> {
        self.policy_file.as_deref()
    }

    fn endless_policy_over(&self, base: Option<Base>) -> Result<(Policy, Gates), Failure> {
        self.notes(base.as_ref()).iter().for_each(|note| say!("insist: note: {note}"));
        let policy = self.limited(self.shaped(base.as_ref())?);
        let below = base.map(|base| base.gates).unwrap_or_default();
        let gates = self.gates.over(&below).map_err(Failure::Usage)?;
        match policy.validate() {
            Ok(()) | Err(PolicyError::Endless) => Ok((policy, gates)),
            Err(problem) => Err(Failure::Usage(problem.to_string())),
        }
    }

    /// Makes the policy and its gates and checks them.
    pub(crate) fn policy(&self) -> Result<(Policy, Gates), Failure> {
        self.with_end(self.endless_policy()?)
    }

    fn with_end(&self, (policy, gates): (Policy, Gates)) -> Result<(Policy, Gates), Failure> {
        match policy.validate() {
            Ok(()) => Ok((policy, gates)),
            Err(_) => Err(Failure::Usage(format!(
                "{}, and nothing else ends the call; set --deadline or --lane-attempts",
                self.unlimited()
            ))),
        }
    }

    /// Reads the preset or the file that the options are laid over, if one is named.
    fn base(&self) -> Result<Option<Base>, Failure> {
        match (self.preset, &self.policy_file) {
            (Some(preset), _) => Ok(Some(preset.base())),
            (None, Some(path)) => file::read(path).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Returns whether unlimited attempts were asked for on the command line, and not by a preset or a file.
    pub(crate) fn is_unlimited_on_the_line(&self) -> bool {
        self.attempts == Some(Attempts::Unlimited)
    }

    /// Names what made attempts unlimited.
    pub(crate) fn unlimited(&self) -> String {
        match (self.attempts, self.preset, &self.policy_file) {
            (None, Some(preset), _) => preset.base().name,
            (None, None, Some(path)) => file::name(path),
            _ => "--attempts unlimited".into(),
        }
    }

    /// Returns whether nothing was given.
    pub(crate) fn is_empty(&self) -> bool {
        format!("{self:?}") == format!("{:?}", Self::default())
    }

    /// Returns the seed given, or else a random one of 53 bits, which every reader of JSON can read.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| fresh_seed() >> 11)
    }

    /// Returns the seed given, if one is.
    pub(crate) const fn given_seed(&self) -> Option<u64> {
        self.seed
    }

    fn limited(&self, mut policy: Policy) -> Policy {
        if let Some(jitter) = self.jitter {
            policy = policy.jitter(jitter);
        }
        if let Some(base) = self.throttled_base {
            policy = policy.throttled_base(base);
        }
        if let Some(cap) = self.cap {
            policy = if policy.get_cap_stops() { policy.cap_that_stops(cap) } else { policy.cap(cap) };
        }
        if let Some(floor) = self.floor {
            policy = policy.floor(floor);
        }
        match self.attempts {
            Some(Attempts::Limited(attempts)) => policy = policy.attempts(attempts),
            Some(Attempts::Unlimited) => policy = policy.unlimited_attempts(),
            None => {}
        }
        if let Some(attempts) = self.lane_attempts {
            policy = policy.lane_attempts(attempts);
        }
        if let Some(attempts) = self.unsent_attempts {
            policy = policy.unsent_attempts(attempts);
        }
        if let Some(lanes) = self.lanes {
            policy = policy.lanes(lanes);
        }
        if let Some(delay) = self.hedge_after {
            policy = match delay {
                HedgeDelay::Fixed(delay) => policy.hedge_after(delay),
                HedgeDelay::At(percentile) => policy.hedge_at(percentile.get()),
            };
        }
        if let Some(timeout) = self.attempt_timeout {
            policy = policy.attempt_timeout(timeout);
        }
        if let Some(deadline) = self.deadline {
            policy = policy.deadline(deadline);
        }
        if let Some(limit) = self.max_retry_after {
            policy = policy.hint_limit(limit);
        }
        if let Some(share) = self.retry_after_spread {
            policy = policy.hint_spread(share);
        }
        if self.ignore_retry_after { policy.ignore_hints() } else { policy }
    }
}

/// Returns whether the waits of a lane go on for ever if no deadline ends them.
pub(crate) fn is_endless(policy: &Policy) -> bool {
    policy.deadline(Duration::MAX).validate() == Err(PolicyError::Endless)
}
