//! The policy options, the same for all sub-commands, and the policy and seed that they stand for.

mod notes;
mod value;

use std::time::Duration;

use clap::{Args, ValueEnum};
use insist::{AtEnd, Jitter, List, Policy, PolicyError, Shape};

use crate::exit::Failure;
use value::Attempts;

const BASE: Duration = Duration::from_millis(100);

/// How often, how long, how far apart.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Policy (durations as 150ms, 1.5s, 2m, 1h or 0)")]
pub(crate) struct PolicyOptions {
    /// The shape of the waits [default: exponential, or list where --delays is given]
    #[arg(long, value_enum, value_name = "SHAPE", hide_possible_values = false)]
    backoff: Option<BackoffName>,

    /// What the backoff starts from [default: 100ms]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    base: Option<Duration>,

    /// What an exponential backoff multiplies with [default: 2]
    #[arg(long, value_name = "NUMBER", value_parser = value::factor, allow_hyphen_values = true)]
    factor: Option<f64>,

    /// The most that a wait may be, jitter included, hints not [default: 10s for the shapes that grow, else none]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    cap: Option<Duration>,

    /// The least that a wait may be, jitter included [default: 0]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    floor: Option<Duration>,

    /// The waits of a list, one after the other
    #[arg(long, value_name = "DURATION,…", value_parser = value::duration, value_delimiter = ',')]
    delays: Option<Vec<Duration>>,

    /// What a list does after its last wait [default: stop]
    #[arg(long, value_enum, value_name = "END")]
    at_end: Option<AtEndName>,

    /// How waits are spread: none, full (from 0), equal (from half), or ± a fraction such as 0.33 [default: full]
    #[arg(long, value_name = "JITTER", value_parser = value::jitter, allow_hyphen_values = true)]
    jitter: Option<Jitter>,

    /// Sends in all, the first and those of every lane included; or `unlimited` [default: 3]
    #[arg(long, value_name = "N", value_parser = value::attempts, allow_hyphen_values = true)]
    attempts: Option<Attempts>,

    /// Sends in each lane, its first included [default: as many as the call has]
    #[arg(long, value_name = "N", value_parser = value::lane_attempts, allow_hyphen_values = true)]
    lane_attempts: Option<u32>,

    /// How many attempts may be in flight at once [default: 1]
    #[arg(long, value_name = "N", value_parser = value::lanes, allow_hyphen_values = true)]
    lanes: Option<u8>,

    /// How long what is in flight may take before the next lane opens; 0 races [default: 0]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    hedge_after: Option<Duration>,

    /// How long an attempt may take before it is cancelled and retried [default: as long as it likes]
    #[arg(long, value_name = "DURATION", value_parser = value::timeout)]
    attempt_timeout: Option<Duration>,

    /// How long the call may take, waits included [default: as long as it likes]
    #[arg(long, value_name = "DURATION", value_parser = value::timeout)]
    deadline: Option<Duration>,

    /// The longest wait that a server may ask for; a longer one ends its lane [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    max_retry_after: Option<Duration>,

    /// Wait as the backoff says, whatever the server asks for
    #[arg(long)]
    ignore_retry_after: bool,

    /// What all randomness is drawn from: the same policy, seed and events give the same waits [default: random]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackoffName {
    /// At once
    Zero,
    /// No retry
    Stop,
    /// BASE
    Constant,
    /// BASE × 1, 2, 3 …
    Linear,
    /// BASE × 1, FACTOR, FACTOR² …
    Exponential,
    /// BASE × 1, 1, 2, 3, 5 …
    Fibonacci,
    /// Drawn from BASE to 3 × the previous wait
    Decorrelated,
    /// What --delays says
    List,
}

impl BackoffName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Stop => "stop",
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Exponential => "exponential",
            Self::Fibonacci => "fibonacci",
            Self::Decorrelated => "decorrelated",
            Self::List => "list",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AtEndName {
    /// The lane ends
    Stop,
    /// The last wait is repeated
    Repeat,
}

impl PolicyOptions {
    /// The policy, checked, save that nothing may end a call with it: `plan` needs no end.
    pub(crate) fn endless_policy(&self) -> Result<Policy, Failure> {
        self.notes().iter().for_each(|note| eprintln!("insist: note: {note}"));
        let policy = self.limited(self.shaped()?);
        match policy.validate() {
            Ok(()) | Err(PolicyError::Endless) => Ok(policy),
            Err(problem) => Err(Failure::Usage(problem.to_string())),
        }
    }

    /// The policy, checked.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let policy = self.endless_policy()?;
        match policy.validate() {
            Ok(()) => Ok(policy),
            Err(_) => Err(Failure::Usage(
                "--attempts unlimited, and nothing else ends the call; set --deadline or --lane-attempts".into(),
            )),
        }
    }

    /// The seed: the one given, or a random one that every reader of JSON can read, floats of 53 bits included.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| fastrand::u64(..1 << 53))
    }

    pub(crate) fn lanes(&self) -> u8 {
        self.lanes.unwrap_or(1)
    }

    /// The backoff that was asked for: by name, or by a list of delays.
    fn backoff(&self) -> BackoffName {
        self.backoff.unwrap_or(if self.delays.is_some() { BackoffName::List } else { BackoffName::Exponential })
    }

    fn shaped(&self) -> Result<Policy, Failure> {
        let base = self.base.unwrap_or(BASE);
        Ok(match self.backoff() {
            BackoffName::Zero => Policy::zero(),
            BackoffName::Stop => Policy::stop(),
            BackoffName::Constant => Policy::constant(base),
            BackoffName::Linear => Policy::linear(base),
            BackoffName::Exponential => match self.factor {
                Some(factor) => Policy::exponential(base).factor(factor),
                None => Policy::exponential(base),
            },
            BackoffName::Fibonacci => Policy::fibonacci(base),
            BackoffName::Decorrelated => Policy::decorrelated(base),
            BackoffName::List => {
                let delays = self.delays.as_deref().ok_or_else(|| {
                    Failure::Usage(
                        "--backoff list needs its waits; say them with --delays, as in --delays 1s,2s".into(),
                    )
                })?;
                let at_end = match self.at_end {
                    None | Some(AtEndName::Stop) => AtEnd::Stop,
                    Some(AtEndName::Repeat) => AtEnd::Repeat,
                };
                Policy::list(List::new(delays), at_end)
            }
        })
    }

    fn limited(&self, mut policy: Policy) -> Policy {
        if let Some(jitter) = self.jitter {
            policy = policy.jitter(jitter);
        }
        if let Some(cap) = self.cap {
            policy = policy.cap(cap);
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
        if let Some(lanes) = self.lanes {
            policy = policy.lanes(lanes);
        }
        if let Some(delay) = self.hedge_after {
            policy = policy.hedge_after(delay);
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
        if self.ignore_retry_after { policy.ignore_hints() } else { policy }
    }
}

/// Whether the waits of a lane go on for ever where nothing but its backoff ends them.
pub(crate) fn is_endless(policy: &Policy) -> bool {
    let ends = matches!(policy.get_backoff(), Shape::Stop | Shape::List { at_end: AtEnd::Stop, .. });
    !ends && policy.get_attempts().is_none() && policy.get_lane_attempts().is_none()
}
