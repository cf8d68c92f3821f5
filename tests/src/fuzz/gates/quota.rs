//! The retry quota a second time, in millionths of tokens.

use insist_core::{AttemptEnd, Cause, Instant, Kind, RetryQuota, Settled};

use super::super::plan::Words;
use super::beside::{self, Model};

const MILLION: u64 = 1_000_000;

struct Quota {
    capacity: u64,
    /// Of a failure, of a timeout, of what was throttled.
    costs: [u64; 3],
    reward: u64,
    refill: u64,
    held: u64,
    filled: u64,
}

pub(super) fn run(words: &mut Words<'_>) {
    let capacity = u64::from(words.pick(&[20_u32, 500, 1, 0]));
    let costs = [5_u64, 10, 7].map(|cost| words.pick(&[cost, 14, 1, 0]));
    let reward = words.pick(&[1.0, 0.0, 0.1, 2.5]);
    let refill = words.pick(&[0.0, 2.0, 0.3, 0.000_001]);
    let held = if words.is_rare(64) { capacity / 2 } else { capacity };
    let [cost, timeout, throttled] = costs.map(|cost| cost as u32);
    let gate = RetryQuota::new(capacity as u32)
        .holding(held as u32)
        .cost(cost)
        .timeout_cost(timeout)
        .throttled_cost(throttled)
        .reward(reward)
        .refill(refill);
    let millionths = |tokens: f64| (tokens * MILLION as f64) as u64;
    let model = Quota {
        capacity: capacity * MILLION,
        costs: costs.map(|cost| cost * MILLION),
        reward: millionths(reward),
        refill: millionths(refill),
        held: held * MILLION,
        filled: 0,
    };
    beside::run(words, &gate, model, &[1000 * MILLION, 10 * MILLION, 3_333_333_333]);
}

impl Quota {
    fn cost(&self, cause: &Cause) -> u64 {
        match cause.after() {
            Some(AttemptEnd::Timeout) => self.costs[1],
            Some(AttemptEnd::Retry(failure)) if failure.throttled => self.costs[2],
            _ => self.costs[0],
        }
    }

    fn give(&mut self, millionths: u64) {
        self.held = (self.held + millionths).min(self.capacity);
    }

    /// Whole millionths come back, each at the first nanosecond at which it is there.
    fn fill(&mut self, now: u64) {
        if self.refill == 0 {
            return;
        }
        let [passed, refill, second] = [now.saturating_sub(self.filled), self.refill, 1_000_000_000].map(u128::from);
        let millionths = passed * refill / second;
        self.filled += (millionths * second).div_ceil(refill) as u64;
        self.give(millionths.min(self.capacity.into()) as u64);
    }
}

impl Model<RetryQuota> for Quota {
    fn reserve(&mut self, now: u64, cause: &Cause) -> bool {
        if cause.kind == Kind::First {
            return true;
        }
        self.fill(now);
        let cost = self.cost(cause);
        let may = self.held >= cost;
        if may {
            self.held -= cost;
        }
        may
    }

    fn refund(&mut self, _: u64, cause: &Cause) {
        if cause.kind != Kind::First {
            self.give(self.cost(cause));
        }
    }

    fn settle(&mut self, now: u64, cause: &Cause, settled: &Settled) {
        if matches!(settled, Settled::Ended(AttemptEnd::Accept, _)) {
            self.fill(now);
            self.give(if cause.kind == Kind::First { self.reward } else { self.cost(cause) });
        }
    }

    fn compare(&mut self, gate: &RetryQuota, now: u64, words: &mut Words<'_>) {
        // To look is to fill, so it looks now and then.
        if words.is_rare(64) {
            self.fill(now);
            assert_eq!(gate.state(Instant::from_nanos(now)).tokens, self.held as f64 / MILLION as f64, "at {now}");
        }
    }
}
