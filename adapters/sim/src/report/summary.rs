//! What came of several runs, with the spread between them.

use std::time::Duration;

use super::{Outcome, Slice};

/// A figure over several seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Figure {
    /// The mean.
    pub mean: f64,
    /// The standard deviation between seeds; 0 with one seed.
    pub spread: f64,
}

impl Figure {
    /// Makes the figure of these values; `None` if there are none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().collect();
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Some(Self { mean, spread: if values.len() < 2 { 0.0 } else { (squares / (count - 1.0)).sqrt() } })
    }
}

/// Tells what came of a policy in a world, from several seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    outcomes: Vec<Outcome>,
}

impl Summary {
    /// Sums runs up.
    #[must_use]
    pub const fn new(outcomes: Vec<Outcome>) -> Self {
        Self { outcomes }
    }

    /// Returns the runs, in the order of their seeds.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Returns a figure of the runs.
    #[must_use]
    pub fn figure(&self, of: impl Fn(&Outcome) -> f64) -> Figure {
        Figure::of(self.outcomes.iter().map(of)).unwrap_or_default()
    }

    /// Returns a figure of the runs that only some have; `None` unless all have it.
    #[must_use]
    pub fn figure_if_all(&self, of: impl Fn(&Outcome) -> Option<f64>) -> Option<Figure> {
        let values: Option<Vec<f64>> = self.outcomes.iter().map(of).collect();
        values.and_then(Figure::of)
    }

    /// Returns the share of the calls that succeeded.
    #[must_use]
    pub fn success(&self) -> Figure {
        self.figure(Outcome::success)
    }

    /// Returns the sends for each call.
    #[must_use]
    pub fn sends_per_call(&self) -> Figure {
        self.figure(Outcome::sends_per_call)
    }

    /// Returns the peak of the sends.
    #[must_use]
    pub fn peak(&self) -> Figure {
        self.figure(Outcome::peak)
    }

    /// Returns the seconds from the end of the last trouble until the world is well; `None` if a run did not get there.
    #[must_use]
    pub fn recovers(&self) -> Option<Figure> {
        self.figure_if_all(|outcome| outcome.recovers.map(|span| span.as_secs_f64()))
    }

    /// Returns a quantile of the time that successful calls take, in seconds; `None` if a run had no success.
    #[must_use]
    pub fn success_time(&self, share: f64) -> Option<Figure> {
        self.figure_if_all(|outcome| outcome.success_times.quantile(share).map(|span| span.as_secs_f64()))
    }

    /// Returns a quantile of the time that all calls take, in seconds; `None` if a run had no call.
    #[must_use]
    pub fn time(&self, share: f64) -> Option<Figure> {
        self.figure_if_all(|outcome| outcome.all_times.quantile(share).map(|span| span.as_secs_f64()))
    }

    /// Returns the slices of all runs added up, and the width of each.
    #[must_use]
    pub fn slices(&self) -> (Vec<Slice>, Duration) {
        let Some(first) = self.outcomes.first() else { return (Vec::new(), Duration::ZERO) };
        let mut sums = vec![Slice::default(); first.slices.len()];
        for outcome in &self.outcomes {
            for (sum, slice) in sums.iter_mut().zip(&outcome.slices) {
                sum.calls += slice.calls;
                sum.succeeded += slice.succeeded;
                sum.sends += slice.sends;
            }
        }
        (sums, first.width)
    }
}
