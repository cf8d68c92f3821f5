//! The latencies a second time: all that were heard since the last silence.

use std::time::Duration;

use insist_core::{Cause, Gate, HedgeAfter, Instant, Latencies, Percentile, Settled};

use super::super::plan::Words;
use super::beside::{self, Model, nearest_rank, told};

struct Heard {
    floor: u64,
    ceiling: u64,
    warm_up: usize,
    window: u64,
    latencies: Vec<u64>,
    latest: u64,
    /// The percentile that was asked for last, and what it was then or when it was worked out anew.
    asked: Option<(u64, u64)>,
}

pub(super) fn run(words: &mut Words<'_>) {
    const MS: u64 = 1_000_000;
    let warm_up = words.pick(&[1, 3, 20, 40]);
    let floor = words.pick(&[0, MS, 50 * MS]);
    let ceiling = words.pick(&[u64::MAX, 50 * MS, 200 * MS]);
    let window = words.pick(&[60_000 * MS, MS, 1000 * MS]);
    let gate = Latencies::new()
        .warm_up(warm_up)
        .floor(Duration::from_nanos(floor))
        .ceiling(Duration::from_nanos(ceiling))
        .forget_after(Duration::from_nanos(window));
    assert_eq!(gate.validate(), Ok(()));
    let warm_up = warm_up as usize;
    let model = Heard { floor, ceiling, warm_up, window, latencies: Vec::new(), latest: 0, asked: None };
    beside::run(words, &gate, model, &[window, 10 * MS, 100 * MS]);
}

impl Heard {
    fn is_stale(&self, now: u64) -> bool {
        now.saturating_sub(self.latest) > self.window
    }

    /// The latest 512.
    fn known(&self, now: u64) -> &[u64] {
        if self.is_stale(now) { &[] } else { &self.latencies[self.latencies.len().saturating_sub(512)..] }
    }
}

impl Model<Latencies> for Heard {
    fn settle(&mut self, now: u64, cause: &Cause, settled: &Settled) {
        let Some((latency, _)) = told(now, cause, settled) else { return };
        if self.is_stale(now) {
            self.latencies.clear();
        }
        self.latest = self.latest.max(now);
        self.latencies.push(latency);
        let heard = self.latencies.len();
        if let Some((percentile, _)) = self.asked.filter(|_| heard <= 32 || heard % 16 == 0) {
            self.asked = Some((percentile, nearest_rank(self.known(self.latest), percentile)));
        }
    }

    fn compare(&mut self, gate: &Latencies, now: u64, words: &mut Words<'_>) {
        let at = Instant::from_nanos(now);
        let known = self.known(now);
        assert_eq!(gate.state(at).latencies as usize, known.len(), "at {now}");
        let p95 = if known.is_empty() { 0 } else { nearest_rank(known, 95_000) };
        assert_eq!(gate.state(at).p95, Duration::from_nanos(p95), "at {now}");
        if words.is_rare(200) {
            return;
        }
        let percentile = words.pick(&[95_000, 95_000, 50_000, 99_900]);
        let answer = gate.hedge_after(at, Some(Percentile::new(percentile as f64 / 1000.0)));
        if known.len() < self.warm_up {
            assert_eq!(answer, HedgeAfter::Never, "at {now}");
            return;
        }
        let estimate = match self.asked {
            Some((asked, estimate)) if asked == percentile => estimate,
            _ => nearest_rank(known, percentile),
        };
        self.asked = Some((percentile, estimate));
        let delay = Duration::from_nanos(estimate.clamp(self.floor, self.ceiling));
        assert_eq!(answer, HedgeAfter::Delay(delay), "at {now}");
    }
}
