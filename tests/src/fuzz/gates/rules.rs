//! What the three gates go by, as bytes say: made into the gates, and into their models.

use core::time::Duration;

use insist_core::{Breaker, Budget, Bulkhead};

use super::super::plan::Words;
use super::{Model, breaker, budget};

/// What the gates go by. Spans are in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) ratio: u64,
    pub(super) reserve: u8,
    pub(super) window: u64,
    pub(super) failures: u64,
    pub(super) throughput: u32,
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
        Self {
            ratio: words.pick(&[200, 1, 100, 333, 500, 1000, 1500, 9999, 10_000]),
            reserve: words.below(5),
            window: words.pick(&windows),
            failures: words.pick(&[500, 1, 100, 333, 667, 999, 1000]),
            throughput: 1 + u32::from(words.below(7)),
            open_for: words.pick(&[1000 * MS, MS, 5000 * MS, 1_000_003, WEEK]),
            probes,
            successes: 1 + words.byte() % probes,
            waits: words.is_rare(128),
            room: u32::from(words.below(5)),
            ask_again: words.is_rare(128).then(|| words.span()),
        }
    }

    pub(super) fn gates(&self) -> (Budget, Breaker, Bulkhead) {
        let [window, open_for] = [self.window, self.open_for].map(Duration::from_nanos);
        let budget = Budget::new(self.ratio as f64 / 1000.0).with_reserve(self.reserve.into()).window(window);
        let breaker = Breaker::new(self.failures as f64 / 1000.0)
            .min_throughput(self.throughput)
            .window(window)
            .open_for(open_for)
            .probes(self.probes, self.successes);
        let bulkhead = Bulkhead::new(self.room);
        assert!(budget.validate().is_ok() && breaker.validate().is_ok());
        (
            budget,
            if self.waits { breaker.waiting() } else { breaker },
            match self.ask_again {
                Some(span) => bulkhead.waiting(Duration::from_nanos(span)),
                None => bulkhead,
            },
        )
    }

    pub(super) fn models(&self) -> Model {
        let mut breaker = breaker::Breaker::new();
        breaker.thousandths = self.failures;
        breaker.throughput = self.throughput;
        breaker.window = self.window;
        breaker.open_for = self.open_for;
        (breaker.probes, breaker.successes, breaker.waits) = (self.probes, self.successes, self.waits);
        Model { budget: budget::Budget::new(self.ratio, self.reserve.into(), self.window), breaker, in_flight: 0 }
    }
}
