//! The shape of the waits: what the line says of it, laid over the shape of a preset or a file.

use std::time::Duration;

use clap::ValueEnum;
use insist_core::{AtEnd, Factor, List, Policy, Shape};

use super::PolicyOptions;
use super::base::Base;
use crate::exit::Failure;

/// What a backoff starts from where nothing says it.
const BASE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BackoffName {
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
    pub(super) fn as_str(self) -> &'static str {
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

    /// The name of a shape, and what it starts from.
    fn of(shape: &Shape) -> (Self, Option<Duration>) {
        match shape {
            Shape::Zero => (Self::Zero, None),
            Shape::Constant { base } => (Self::Constant, Some(*base)),
            Shape::Linear { base } => (Self::Linear, Some(*base)),
            Shape::Exponential { base, .. } => (Self::Exponential, Some(*base)),
            Shape::Fibonacci { base } => (Self::Fibonacci, Some(*base)),
            Shape::Decorrelated { base } => (Self::Decorrelated, Some(*base)),
            Shape::List { .. } => (Self::List, None),
            // A shape that is yet unknown has no name on the line.
            _ => (Self::Stop, None),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AtEndName {
    /// The lane ends
    Stop,
    /// The last wait is repeated
    Repeat,
}

impl PolicyOptions {
    /// The backoff that the line names, by its name or by a list of delays.
    pub(super) fn named_backoff(&self) -> Option<BackoffName> {
        self.backoff.or(self.delays.is_some().then_some(BackoffName::List))
    }

    /// The backoff that is meant: the one named, that of the base, or exponential.
    pub(super) fn backoff(&self, base: Option<&Base>) -> BackoffName {
        let before = base.map(|base| BackoffName::of(base.policy.get_backoff()).0);
        self.named_backoff().or(before).unwrap_or(BackoffName::Exponential)
    }

    /// The base with the shape that the line says, or what the shape's constructor gives.
    pub(super) fn shaped(&self, base: Option<&Base>) -> Result<Policy, Failure> {
        let before = base.map(|base| base.policy.get_backoff());
        let start = self.base.or(before.and_then(|shape| BackoffName::of(shape).1)).unwrap_or(BASE);
        let fresh = match self.backoff(base) {
            BackoffName::Zero => Policy::zero(),
            BackoffName::Stop => Policy::stop(),
            BackoffName::Constant => Policy::constant(start),
            BackoffName::Linear => Policy::linear(start),
            BackoffName::Exponential => match self.factor.or(before.and_then(factor)) {
                Some(factor) => Policy::exponential(start).factor(factor),
                None => Policy::exponential(start),
            },
            BackoffName::Fibonacci => Policy::fibonacci(start),
            BackoffName::Decorrelated => Policy::decorrelated(start),
            BackoffName::List => self.list(before)?,
        };
        Ok(base.map_or(fresh, |base| base.policy.shape(*fresh.get_backoff())))
    }

    fn list(&self, before: Option<&Shape>) -> Result<Policy, Failure> {
        let (delays, at_end) = match before {
            Some(Shape::List { delays, at_end }) => (Some(*delays), *at_end),
            _ => (None, AtEnd::Stop),
        };
        let delays = self.delays.as_deref().map(List::new).or(delays).ok_or_else(|| {
            Failure::Usage("--backoff list needs its waits; say them with --delays, as in --delays 1s,2s".into())
        })?;
        let at_end = match self.at_end {
            None => at_end,
            Some(AtEndName::Stop) => AtEnd::Stop,
            Some(AtEndName::Repeat) => AtEnd::Repeat,
        };
        Ok(Policy::list(delays, at_end))
    }
}

fn factor(shape: &Shape) -> Option<f64> {
    match shape {
        Shape::Exponential { factor, .. } => Some(Factor::get(*factor)),
        _ => None,
    }
}
