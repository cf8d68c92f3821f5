//! The instants at which the calls of an open load begin.

use std::time::Duration;

use crate::draw::{Draw, Purpose};
use crate::times::nanos;

/// Says how the calls of an open load arrive.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Arrivals {
    /// So many a second, equally far apart.
    Even {
        /// The calls a second.
        per_second: f64,
    },
    /// So many a second in the mean, each independent of the others.
    Poisson {
        /// The calls a second, in the mean.
        per_second: f64,
    },
    /// So many at once, again and again.
    Bursts {
        /// The calls of a burst.
        size: u32,
        /// The span from one burst to the next.
        every: Duration,
    },
    /// At these instants since the start, in any order.
    Given(Vec<Duration>),
}

impl Arrivals {
    /// Makes so many calls a second, equally far apart.
    #[must_use]
    pub const fn even(per_second: f64) -> Self {
        Self::Even { per_second }
    }

    /// Makes so many calls a second in the mean, each independent of the others.
    #[must_use]
    pub const fn poisson(per_second: f64) -> Self {
        Self::Poisson { per_second }
    }

    /// Makes so many calls at once, again and again.
    #[must_use]
    pub const fn bursts(size: u32, every: Duration) -> Self {
        Self::Bursts { size, every }
    }

    pub(crate) fn per_second(&self) -> Option<f64> {
        match self {
            Self::Even { per_second } | Self::Poisson { per_second } => Some(*per_second),
            Self::Bursts { size, every } => Some(f64::from(*size) / every.as_secs_f64()),
            Self::Given(_) => None,
        }
    }
}

/// A span in which an open load is multiplied.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Surge {
    /// The instant since the start at which it begins.
    pub from: Duration,
    /// The instant since the start at which it is over.
    pub until: Duration,
    /// The factor of the load.
    pub factor: f64,
}

impl Surge {
    /// Makes a surge.
    #[must_use]
    pub const fn new(from: Duration, until: Duration, factor: f64) -> Self {
        Self { from, until, factor }
    }
}

/// Hands out arrivals one after the other.
#[derive(Debug)]
pub(crate) struct Schedule<'a> {
    arrivals: &'a Arrivals,
    surges: &'a [Surge],
    given: Vec<u64>,
    now: f64,
    count: u64,
    seed: u64,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(arrivals: &'a Arrivals, surges: &'a [Surge], seed: u64) -> Self {
        let mut given: Vec<u64> = match arrivals {
            Arrivals::Given(instants) => instants.iter().map(|instant| nanos(*instant)).collect(),
            _ => Vec::new(),
        };
        given.sort_unstable();
        Self { arrivals, surges, given, now: 0.0, count: 0, seed }
    }

    /// Returns the nanosecond of the next arrival, or none if there is no more.
    pub(crate) fn next(&mut self) -> Option<u64> {
        let number = self.count;
        self.count += 1;
        let gap = match self.arrivals {
            Arrivals::Given(_) => return self.given.get(number as usize).copied(),
            Arrivals::Even { per_second } => 1e9 / per_second,
            Arrivals::Poisson { per_second } => {
                Draw::at(self.seed, Purpose::Arrival, number, 0).exponential() * 1e9 / per_second
            }
            Arrivals::Bursts { size, every } if number % u64::from(*size) == 0 => nanos(*every) as f64,
            Arrivals::Bursts { .. } => 0.0,
        };
        self.now = self.after(gap);
        Some(self.now as u64)
    }

    /// Spends a gap of the usual load, of which a surge takes more in the same time.
    fn after(&self, mut gap: f64) -> f64 {
        let mut now = self.now;
        loop {
            let edges = self.surges.iter().flat_map(|surge| [nanos(surge.from) as f64, nanos(surge.until) as f64]);
            let edge = edges.filter(|edge| *edge > now).fold(f64::INFINITY, f64::min);
            let holds = |surge: &&Surge| nanos(surge.from) as f64 <= now && now < nanos(surge.until) as f64;
            let factor: f64 = self.surges.iter().filter(holds).map(|surge| surge.factor).product();
            if now + gap / factor <= edge {
                return now + gap / factor;
            }
            gap -= (edge - now) * factor;
            now = edge;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn within(arrivals: &Arrivals, surges: &[Surge], seconds: u64) -> Vec<u64> {
        let mut schedule = Schedule::new(arrivals, surges, 7);
        std::iter::from_fn(|| schedule.next()).take_while(|nanos| *nanos <= seconds * 1_000_000_000).collect()
    }

    #[test]
    fn a_load_has_as_many_calls_as_it_says() {
        assert_eq!(within(&Arrivals::even(10.0), &[], 5).len(), 50);
        assert_eq!(
            within(&Arrivals::bursts(20, S), &[], 5),
            [1, 2, 3, 4, 5].map(|at| [at * 1_000_000_000; 20]).concat()
        );
        assert_eq!(within(&Arrivals::Given(vec![3 * S, S]), &[], 5), [1_000_000_000, 3_000_000_000]);
        let poisson = within(&Arrivals::poisson(1000.0), &[], 20).len();
        assert!((19_500..20_500).contains(&poisson), "{poisson}");
    }

    #[test]
    fn a_surge_multiplies_the_load_while_it_lasts() {
        let surges = [Surge::new(S, 3 * S, 3.0)];
        let arrivals = within(&Arrivals::even(10.0), &surges, 5);
        let between = |from, until| arrivals.iter().filter(|at| (from..until).contains(&(**at / 1_000_000))).count();
        assert_eq!([between(1, 1001), between(1001, 3001), between(3001, 5001)], [10, 60, 20]);
    }
}
