//! Spans that are drawn: how long a service takes, how long a client thinks.

mod quantiles;

use std::time::Duration;

use crate::draw::{Draw, exp, ln};
pub use quantiles::{Quantiles, QuantilesError};

/// A distribution of spans of time.
///
/// ```
/// use std::time::Duration;
/// use insist_sim::{Draw, Times};
///
/// const MS: Duration = Duration::from_millis(1);
/// let mut draw = Draw::new(7);
/// assert_eq!(Times::Constant(20 * MS).draw(&mut draw), 20 * MS);
/// let measured = Times::quantiles(&[(0.5, MS), (0.95, 5 * MS), (0.99, 10 * MS)]).unwrap();
/// assert!(measured.draw(&mut draw) <= 10 * MS);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Times {
    /// Always this long.
    Constant(Duration),
    /// Uniformly between two spans.
    Uniform(Duration, Duration),
    /// Exponentially, with this mean.
    Exponential(Duration),
    /// Normally, with this mean and deviation; a negative draw counts without its sign.
    Normal(Duration, Duration),
    /// Log-normally, with this median and this 99th percentile.
    LogNormal(Duration, Duration),
    /// As these quantiles say.
    Quantiles(Quantiles),
    /// One of these, each as likely as another.
    List(Vec<Duration>),
    /// One of these distributions, each as often as its weight says.
    Mix(Vec<(f64, Self)>),
}

/// The 99th percentile of the normal distribution.
const NORMAL_99: f64 = 2.326_347_874_040_841;

impl Times {
    /// Makes the distribution of measured quantiles: pairs of a share from 0 to 1 and the span that this share is within,
    /// both ascending. Between two it is interpolated log-linearly; below the first it falls to half of it; above the last
    /// there is nothing.
    ///
    /// # Errors
    ///
    /// Says which pair makes no sense.
    pub fn quantiles(pairs: &[(f64, Duration)]) -> Result<Self, QuantilesError> {
        Quantiles::new(pairs).map(Self::Quantiles)
    }

    /// Draws a span.
    #[must_use]
    pub fn draw(&self, draw: &mut Draw) -> Duration {
        Duration::from_nanos(self.nanos(draw))
    }

    pub(crate) fn nanos(&self, draw: &mut Draw) -> u64 {
        match self {
            Self::Constant(span) => nanos(*span),
            Self::Uniform(low, high) => {
                let (low, high) = (nanos(*low), nanos(*high));
                low + draw.below(high.saturating_sub(low).saturating_add(1))
            }
            Self::Exponential(mean) => (draw.exponential() * nanos(*mean) as f64) as u64,
            Self::Normal(mean, deviation) => {
                (nanos(*mean) as f64 + draw.normal() * nanos(*deviation) as f64).abs() as u64
            }
            Self::LogNormal(median, high) => {
                let (median, high) = (nanos(*median) as f64, nanos(*high) as f64);
                let sigma = if median > 0.0 && high > median { ln(high / median) / NORMAL_99 } else { 0.0 };
                (median * exp(sigma * draw.normal())) as u64
            }
            Self::Quantiles(quantiles) => quantiles.nanos(draw.unit()),
            Self::Mix(parts) => {
                let mut place = draw.unit() * parts.iter().map(|(weight, _)| weight).sum::<f64>();
                let hit = |(weight, _): &&(f64, Self)| {
                    place -= weight;
                    place < 0.0
                };
                parts.iter().find(hit).or(parts.last()).map_or(0, |(_, times)| times.nanos(draw))
            }
            Self::List(spans) => spans.get(draw.below(spans.len() as u64) as usize).map_or(0, |span| nanos(*span)),
        }
    }

    /// Returns what makes no sense about it.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Uniform(low, high) if low > high => Some("the first span of uniform is longer than the second"),
            Self::LogNormal(median, high) if median.is_zero() || high < median => {
                Some("a log-normal distribution needs a median above 0, and a 99th percentile that is no shorter")
            }
            Self::List(spans) if spans.is_empty() => Some("a list needs a span"),
            Self::Mix(parts) => {
                let is_weight = |weight: f64| weight.is_finite() && weight >= 0.0;
                if parts.iter().all(|(weight, _)| is_weight(*weight)) && parts.iter().any(|(weight, _)| *weight > 0.0) {
                    parts.iter().find_map(|(_, times)| times.problem())
                } else {
                    Some("a mix needs shares from 0, and one above it")
                }
            }
            _ => None,
        }
    }

    /// Returns the mean, in nanoseconds; that of a log-normal distribution without its rarest draws.
    #[must_use]
    pub fn mean(&self) -> Duration {
        let mean = match self {
            Self::Constant(span) | Self::Exponential(span) | Self::Normal(span, _) => return *span,
            Self::Uniform(low, high) => return (*low + *high) / 2,
            Self::LogNormal(median, high) => {
                let (median, high) = (nanos(*median) as f64, nanos(*high) as f64);
                let sigma = if median > 0.0 && high > median { ln(high / median) / NORMAL_99 } else { 0.0 };
                median * exp(sigma * sigma / 2.0)
            }
            Self::Quantiles(quantiles) => quantiles.mean(),
            Self::Mix(parts) => {
                let weights: f64 = parts.iter().map(|(weight, _)| weight).sum();
                parts.iter().map(|(weight, times)| weight / weights * nanos(times.mean()) as f64).sum()
            }
            Self::List(spans) if spans.is_empty() => 0.0,
            Self::List(spans) => spans.iter().map(|span| nanos(*span) as f64).sum::<f64>() / spans.len() as f64,
        };
        Duration::from_nanos(mean as u64)
    }
}

/// Returns a span in nanoseconds, at most `u64::MAX` (584 years).
pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn mean(times: &Times) -> f64 {
        let mut draw = Draw::new(7);
        (0..400_000).map(|_| times.nanos(&mut draw) as f64).sum::<f64>() / 4e5
    }

    #[test]
    fn the_mean_of_the_draws_is_the_mean() {
        let all = [
            Times::Constant(3 * MS),
            Times::Uniform(MS, 3 * MS),
            Times::Exponential(5 * MS),
            Times::Normal(10 * MS, 2 * MS),
            Times::LogNormal(10 * MS, 40 * MS),
            Times::quantiles(&[(0.5, MS), (0.95, 5 * MS), (0.99, 10 * MS)]).unwrap(),
            Times::List(vec![MS, 5 * MS]),
            Times::Mix(vec![(0.9, Times::Constant(MS)), (0.1, Times::Exponential(50 * MS))]),
        ];
        for times in all {
            let expected = nanos(times.mean()) as f64;
            assert!((mean(&times) / expected - 1.0).abs() < 0.01, "{times:?}: {} {expected}", mean(&times));
        }
    }

    #[test]
    fn an_empty_list_takes_no_time() {
        assert_eq!(Times::List(Vec::new()).draw(&mut Draw::new(1)), Duration::ZERO);
        assert_eq!(Times::List(Vec::new()).mean(), Duration::ZERO);
    }
}
