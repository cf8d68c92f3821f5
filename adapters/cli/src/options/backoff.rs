//! The shape of the waits: the options for it, laid over the shape of a preset or a file.

use std::time::Duration;

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use insist_core::{AtEnd, Factor, List, Policy, Shape};

use super::PolicyOptions;
use super::base::Base;
use crate::exit::Failure;

/// The default of `--base`.
const BASE: Duration = Duration::from_millis(100);

const EXPONENTIAL: Shape = Shape::Exponential { base: BASE, factor: Factor::DOUBLE };
const LIST: Shape = Shape::List { delays: List::new(&[]), at_end: AtEnd::Stop };

/// Each shape with its defaults, and its line in the help.
const SHAPES: [(Shape, &str); 8] = [
    (Shape::Zero, "No wait: retry at once"),
    (Shape::Stop, "No retry"),
    (Shape::Constant { base: BASE }, "BASE"),
    (Shape::Linear { base: BASE }, "BASE × 1, 2, 3 …"),
    (EXPONENTIAL, "BASE × 1, FACTOR, FACTOR² …"),
    (Shape::Fibonacci { base: BASE }, "BASE × 1, 1, 2, 3, 5 …"),
    (Shape::Decorrelated { base: BASE }, "A random wait from BASE to 3 × the previous one"),
    (LIST, "The waits given with --delays"),
];

/// Reads the name of a shape.
pub(super) fn shape() -> impl TypedValueParser<Value = Shape> {
    let values = SHAPES.iter().map(|(shape, help)| PossibleValue::new(shape.as_str()).help(*help));
    PossibleValuesParser::new(values)
        .map(|text| SHAPES.iter().find(|(shape, _)| shape.as_str() == text).map_or(EXPONENTIAL, |(shape, _)| *shape))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AtEndName {
    /// End the lane
    Stop,
    /// Repeat the last wait
    Repeat,
}

impl PolicyOptions {
    /// Returns the backoff that the command line names, by its name or by a list of delays, with the defaults of its
    /// shape.
    pub(super) fn named_backoff(&self) -> Option<Shape> {
        self.backoff.or(self.delays.is_some().then_some(LIST))
    }

    /// Returns the backoff in effect: the one named, else that of the preset or file, else exponential.
    pub(super) fn backoff(&self, base: Option<&Base>) -> Shape {
        let before = base.map(|base| *base.policy.get_backoff());
        self.named_backoff().or(before).unwrap_or(EXPONENTIAL)
    }

    /// Makes the policy of the preset or file with the shape of the command line, or that of the shape's constructor.
    pub(super) fn shaped(&self, base: Option<&Base>) -> Result<Policy, Failure> {
        let before = base.map(|base| base.policy.get_backoff());
        let start = self.base.or(before.and_then(start)).unwrap_or(BASE);
        let fresh = match self.backoff(base) {
            Shape::Zero => Policy::zero(),
            Shape::Constant { .. } => Policy::constant(start),
            Shape::Linear { .. } => Policy::linear(start),
            Shape::Exponential { .. } => match self.factor.or(before.and_then(factor)) {
                Some(factor) => Policy::exponential(start).factor(factor),
                None => Policy::exponential(start),
            },
            Shape::Fibonacci { .. } => Policy::fibonacci(start),
            Shape::Decorrelated { .. } => Policy::decorrelated(start),
            Shape::List { .. } => self.list(before)?,
            // Unreachable: the options, presets and files have no other shapes.
            _ => Policy::stop(),
        };
        Ok(base.map_or(fresh, |base| base.policy.shape(*fresh.get_backoff())))
    }

    fn list(&self, before: Option<&Shape>) -> Result<Policy, Failure> {
        let (delays, at_end) = match before {
            Some(Shape::List { delays, at_end }) => (Some(*delays), *at_end),
            _ => (None, AtEnd::Stop),
        };
        let delays = self.delays.as_deref().map(List::new).or(delays).ok_or_else(|| {
            Failure::Usage("--backoff list needs its waits; give them with --delays, as in --delays 1s,2s".into())
        })?;
        let at_end = match self.at_end {
            None => at_end,
            Some(AtEndName::Stop) => AtEnd::Stop,
            Some(AtEndName::Repeat) => AtEnd::Repeat,
        };
        Ok(Policy::list(delays, at_end))
    }
}

/// Returns the base of a shape, if it has one.
fn start(shape: &Shape) -> Option<Duration> {
    match shape {
        Shape::Constant { base }
        | Shape::Linear { base }
        | Shape::Exponential { base, .. }
        | Shape::Fibonacci { base }
        | Shape::Decorrelated { base } => Some(*base),
        _ => None,
    }
}

fn factor(shape: &Shape) -> Option<f64> {
    match shape {
        Shape::Exponential { factor, .. } => Some(factor.get()),
        _ => None,
    }
}
