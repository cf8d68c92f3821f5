//! A distribution that is known by its quantiles, as a dashboard shows it.

use std::fmt;
use std::time::Duration;

use super::nanos;
use crate::draw::{exp, ln};

/// A distribution that is known by its quantiles. Between two of them it is interpolated log-linearly.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles {
    /// Shares and the logarithms of their nanoseconds, from share 0 to 1.
    points: Vec<(f64, f64)>,
}

/// Says which quantile makes no sense.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum QuantilesError {
    /// There is none.
    Empty,
    /// This share is not from 0 to 1, or not more than the one before it.
    Share(f64),
    /// The span at this share is 0, or less than the one before it.
    Span(f64),
}

impl fmt::Display for QuantilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("quantiles are empty; say at least one, as 0.5 and its span"),
            Self::Share(share) => write!(f, "quantile {share} is not from 0 to 1 and above the one before it"),
            Self::Span(share) => write!(f, "the span at quantile {share} is 0, or shorter than the one before it"),
        }
    }
}

impl std::error::Error for QuantilesError {}

impl Quantiles {
    pub(super) fn new(pairs: &[(f64, Duration)]) -> Result<Self, QuantilesError> {
        let (Some(first), Some(last)) = (pairs.first(), pairs.last()) else { return Err(QuantilesError::Empty) };
        let mut points = Vec::with_capacity(pairs.len() + 2);
        if first.0 > 0.0 {
            points.push((0.0, ln((nanos(first.1) as f64 / 2.0).max(1.0))));
        }
        let mut before: Option<(f64, Duration)> = None;
        for (share, span) in pairs {
            if !(0.0..=1.0).contains(share) || before.is_some_and(|(previous, _)| *share <= previous) {
                return Err(QuantilesError::Share(*share));
            }
            if span.is_zero() || before.is_some_and(|(_, previous)| *span < previous) {
                return Err(QuantilesError::Span(*share));
            }
            points.push((*share, ln(nanos(*span) as f64)));
            before = Some((*share, *span));
        }
        if last.0 < 1.0 {
            points.push((1.0, ln(nanos(last.1) as f64)));
        }
        Ok(Self { points })
    }

    /// Returns the span at a share, in nanoseconds.
    pub(super) fn nanos(&self, share: f64) -> u64 {
        let above = self.points.iter().position(|point| point.0 >= share).unwrap_or(self.points.len() - 1).max(1);
        let Some(((low, from), (high, to))) = self.points.get(above - 1).copied().zip(self.points.get(above).copied())
        else {
            return exp(self.points[0].1) as u64;
        };
        exp(from + (to - from) * ((share - low) / (high - low)).clamp(0.0, 1.0)).round() as u64
    }

    /// Returns the mean, in nanoseconds: between a and b it is (b - a) / ln(b / a).
    pub(super) fn mean(&self) -> f64 {
        let part = |pair: &[(f64, f64)]| {
            let ((low, from), (high, to)) = (pair[0], pair[1]);
            let mean = if to - from < 1e-9 { exp(from) } else { (exp(to) - exp(from)) / (to - from) };
            (high - low) * mean
        };
        if self.points.len() < 2 { exp(self.points[0].1) } else { self.points.windows(2).map(part).sum() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_quantiles_are_those_that_were_said() {
        let quantiles = Quantiles::new(&[(0.5, MS), (0.95, 5 * MS), (0.99, 10 * MS)]).unwrap();
        let at = |share| quantiles.nanos(share) as f64 / 1e6;
        for (share, expected) in [(0.0, 0.5), (0.5, 1.0), (0.95, 5.0), (0.99, 10.0), (1.0, 10.0)] {
            assert!((at(share) - expected).abs() < 1e-5, "{share}: {}", at(share));
        }
        assert_eq!(Quantiles::new(&[(0.0, MS)]).unwrap().nanos(0.3), 1_000_000);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        assert_eq!(Quantiles::new(&[]), Err(QuantilesError::Empty));
        assert_eq!(Quantiles::new(&[(0.5, MS), (0.5, MS)]), Err(QuantilesError::Share(0.5)));
        assert_eq!(Quantiles::new(&[(1.5, MS)]), Err(QuantilesError::Share(1.5)));
        assert_eq!(Quantiles::new(&[(0.5, MS), (0.9, MS / 2)]), Err(QuantilesError::Span(0.9)));
        assert_eq!(Quantiles::new(&[(0.5, Duration::ZERO)]), Err(QuantilesError::Span(0.5)));
    }
}
