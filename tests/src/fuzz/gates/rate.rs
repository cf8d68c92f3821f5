//! The rate limit a second time: a bucket of nanoseconds that fills by one in each.

use std::time::Duration;

use insist_core::{Cause, Instant, RateLimit, Settled};

use super::super::plan::Words;
use super::beside::{self, Model, Says};

struct Rate {
    gap: i128,
    burst: i128,
    longest_wait: i128,
    /// Holds what was in the bucket at this instant, as far as it is not full since.
    held: i128,
    at: i128,
}

pub(super) fn run(words: &mut Words<'_>) {
    const MS: u64 = 1_000_000;
    let attempts = words.pick(&[10_u32, 1, 3, 1000, 0]);
    let span = words.pick(&[1000 * MS, 10 * MS, 1_000_003, 60_000 * MS]);
    let burst = words.pick(&[attempts, 1, 2, 0, 50]);
    let wait = words.pick(&[0, span, 50 * MS, 1]);
    let gate = RateLimit::new(attempts, Duration::from_nanos(span)).burst(burst).waiting(Duration::from_nanos(wait));
    let (gap, burst) = match attempts {
        0 => (0, 0),
        _ => (i128::from(span / u64::from(attempts)), i128::from(burst.max(1))),
    };
    let model = Rate { gap, burst, longest_wait: wait.into(), held: gap * burst, at: 0 };
    beside::run(words, &gate, model, &[gap as u64, span, wait.max(1)]);
}

impl Rate {
    /// Less than nothing, where time has gone backwards.
    fn held(&self, now: u64) -> i128 {
        (self.held + i128::from(now) - self.at).min(self.gap * self.burst)
    }
}

impl Model<RateLimit> for Rate {
    fn admit(&mut self, now: u64, _: &Cause) -> Says {
        let held = self.held(now);
        if self.burst > 0 && held >= self.gap {
            (self.held, self.at) = (held - self.gap, now.into());
            return Says::Yes;
        }
        let wait = self.gap - held;
        if self.burst > 0 && wait <= self.longest_wait { Says::At(now + wait as u64) } else { Says::No }
    }

    fn settle(&mut self, _: u64, _: &Cause, settled: &Settled) {
        if matches!(settled, Settled::Unsent(_)) {
            self.held += self.gap;
            // It is not full before the origin.
            self.held = self.held.min(self.at + self.gap * self.burst);
        }
    }

    fn compare(&mut self, gate: &RateLimit, now: u64, _: &mut Words<'_>) {
        let left = if self.burst == 0 { 0 } else { self.held(now).max(0) / self.gap };
        assert_eq!(i128::from(gate.state(Instant::from_nanos(now)).left), left, "at {now}");
    }
}
