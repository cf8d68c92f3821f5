//! What the three gates go by, as bytes say: made into the gates, and into their models.

use core::time::Duration;

use insist_core::{Breaker, Budget, Bulkhead};

use super::super::plan::Words;
use super::{Model, breaker, budget};

/// Holds what the gates go by. Spans are in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) ratio: u64,
    pub(super) reserve: u8,
    pub(super) window: u64,
    pub(super) failures: u64,
    pub(super) throughput: Option<u32>,
    /// Opens at so many failures, and not at a share.
    pub(super) number: Option<u32>,
    /// Counts so many attempts, and not over time.
    pub(super) last: Option<u32>,
    pub(super) slow: Option<(u64, u64)>,
    pub(super) sigmas: u64,
    pub(super) open_for: u64,
    pub(super) probes: u8,
    pub(super) successes: u8,
    pub(super) waits: bool,
    pub(super) room: u32,
    pub(super) ask_again: Option<u64>,
}

impl Rules {
    pub(super) fn read(words: &mut Words<'_>) -> Self {
        const MS: u64 = 1_000_000;
        const WEEK: u64 = 7 * 86_400_000 * MS;
        let windows = [1000 * MS, 10 * MS, 10_000 * MS, 15_000_001, WEEK];
        let probes = words.pick(&[1, 2, 3, 4, 10, 255]);
        let plain = Self {
            ratio: words.pick(&[200, 1, 100, 333, 500, 1000, 1500, 9999, 10_000]),
            reserve: words.below(5),
            window: words.pick(&windows),
            failures: words.pick(&[500, 1, 100, 333, 667, 999, 1000]),
            throughput: Some(1 + u32::from(words.below(7))),
            number: None,
            last: None,
            slow: None,
            sigmas: 0,
            open_for: words.pick(&[1000 * MS, MS, 5000 * MS, 1_000_003, WEEK]),
            probes,
            successes: 1 + words.byte() % probes,
            waits: words.is_rare(128),
            room: u32::from(words.below(5)),
            ask_again: words.is_rare(128).then(|| words.span()),
        };
        plain.with_another_breaker(words)
    }

    /// One that counts the last attempts, or failures in a row, or slow ones, or by chance: any of these, as far as it makes
    /// sense.
    fn with_another_breaker(mut self, words: &mut Words<'_>) -> Self {
        if words.below(2) == 1 {
            let last = words.pick(&[10, 1, 2, 5, 20, 21, 22, 43, 100, 435, 499, 500]);
            self.throughput = self.throughput.map(|least| least.min(last));
            self.last = Some(last);
        }
        if words.below(4) == 3 {
            self.throughput = None;
        }
        if words.below(3) == 2 {
            let most = self.last.unwrap_or(6);
            // In a row, if there are as many.
            self.number = Some(if words.is_rare(64) { most } else { most.min(1 + u32::from(words.below(6))) });
        }
        if words.below(2) == 1 {
            let after = [1, 100_000_000, self.window, self.window / 3];
            self.slow = Some((words.pick(&after), words.pick(&[500, 100, 333, 667, 999, 1000])));
        }
        if words.below(2) == 1 {
            let sigmas = words.pick(&[300, 1, 100, 164, 233, 1000]);
            let shares = [self.number.is_none().then_some(self.failures), self.slow.map(|(_, share)| share)];
            let is_in_reach = |share| {
                let last = u64::from(self.last.unwrap_or(u32::MAX));
                share == 1000 || last * (1000 - share) * 10_000 >= sigmas * sigmas * share
            };
            if shares.iter().flatten().count() > 0 && shares.into_iter().flatten().all(is_in_reach) {
                self.sigmas = sigmas;
            }
        }
        self
    }

    pub(super) fn gates(&self) -> (Budget, Breaker, Bulkhead) {
        let [window, open_for] = [self.window, self.open_for].map(Duration::from_nanos);
        let budget = Budget::new(self.ratio as f64 / 1000.0).with_reserve(self.reserve.into()).window(window);
        let breaker = self.breaker(window).open_for(open_for).probes(self.probes, self.successes);
        let bulkhead = Bulkhead::new(self.room);
        assert_eq!(budget.validate(), Ok(()), "{self:?}");
        assert_eq!(breaker.validate(), Ok(()), "{self:?}");
        (
            budget,
            if self.waits { breaker.waiting() } else { breaker },
            match self.ask_again {
                Some(span) => bulkhead.waiting(Duration::from_nanos(span)),
                None => bulkhead,
            },
        )
    }

    fn breaker(&self, window: Duration) -> Breaker {
        let share = |thousandths| thousandths as f64 / 1000.0;
        let mut breaker = match self.number {
            Some(number) => Breaker::after_failures(number),
            None => Breaker::new(share(self.failures)),
        };
        breaker = match self.last {
            Some(last) => breaker.over_last(last),
            None => breaker.window(window),
        };
        if let Some(least) = self.throughput {
            breaker = breaker.min_throughput(least);
        }
        if let Some((after, slow)) = self.slow {
            breaker = breaker.slow(Duration::from_nanos(after), share(slow));
        }
        if self.sigmas > 0 { breaker.sigmas(self.sigmas as f64 / 100.0) } else { breaker }
    }

    pub(super) fn models(&self) -> Model {
        let mut breaker = breaker::Breaker::new();
        breaker.limit = self.number.map_or(breaker::Limit::Share(self.failures), breaker::Limit::Number);
        breaker.window = self.last.map_or(breaker::Window::Time(self.window), breaker::Window::Last);
        breaker.min = self.throughput;
        (breaker.slow, breaker.sigmas) = (self.slow, self.sigmas);
        breaker.open_for = self.open_for;
        (breaker.probes, breaker.successes, breaker.waits) = (self.probes, self.successes, self.waits);
        Model { budget: budget::Budget::new(self.ratio, self.reserve.into(), self.window), breaker, in_flight: 0 }
    }
}
