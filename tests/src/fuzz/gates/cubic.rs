//! The adaptive rate a second time, as botocore has it in parts: a clocker, a curve and a bucket, each asked in turn.

use insist_core::{AdaptiveRate, AttemptEnd, Cause, Settled};

use super::super::plan::Words;
use super::beside::{self, Model, Says};

#[derive(Default)]
struct Cubic {
    least: f64,
    /// The answers since the last half second that was closed, its number, and the rate.
    answers: u32,
    half: u64,
    measured: f64,
    /// The rate before the last throttling, and its second.
    before: f64,
    throttled: Option<u64>,
    per_second: f64,
    tokens: f64,
    filled: u64,
}

pub(super) fn run(words: &mut Words<'_>) {
    let least = words.pick(&[0.5, 0.01, 20.0]);
    let gate = AdaptiveRate::new().least(least);
    assert_eq!(gate.validate(), Ok(()));
    let model = Cubic { least, ..Cubic::default() };
    beside::run(words, &gate, model, &[500_000_000, 100_000_000, 3_000_000_000]);
}

fn span(from: u64, to: u64) -> f64 {
    (i128::from(to) - i128::from(from)).max(0) as f64 / 1e9
}

impl Cubic {
    fn measure(&mut self, now: u64) {
        self.answers += 1;
        let half = now / 500_000_000;
        if half > self.half {
            let span = (half - self.half) as f64 / 2.0;
            self.measured = f64::from(self.answers) / span * 0.8 + self.measured * 0.2;
            (self.answers, self.half) = (0, half);
        }
    }

    fn on_curve(&self, now: u64) -> f64 {
        let back = if self.throttled.is_some() { (self.before * (1.0 - 0.7) / 0.4).cbrt() } else { 0.0 };
        let x = span(self.throttled.unwrap_or_default(), now) - back;
        0.4 * x * x * x + self.before
    }

    fn room(&self) -> f64 {
        self.per_second.max(1.0)
    }

    fn fill(&mut self, now: u64) {
        self.tokens = (self.tokens + span(self.filled, now) * self.per_second).min(self.room());
        self.filled = now.max(self.filled);
    }
}

impl Model<AdaptiveRate> for Cubic {
    fn admit(&mut self, now: u64, _: &Cause) -> Says {
        if self.throttled.is_none() {
            return Says::Yes;
        }
        self.fill(now);
        let nanos = ((1.0 - self.tokens) / self.per_second * 1e9).max(0.0).round();
        if nanos < 1.0 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Says::Yes;
        }
        Says::At(now + nanos as u64)
    }

    fn settle(&mut self, now: u64, _: &Cause, settled: &Settled) {
        let Settled::Ended(end, _) = settled else {
            self.tokens = (self.tokens + 1.0).min(if self.per_second == 0.0 { 0.0 } else { self.room() });
            return;
        };
        if matches!(end, AttemptEnd::Lost | AttemptEnd::Deadline | AttemptEnd::Cancelled | AttemptEnd::Withdrawn) {
            return;
        }
        self.measure(now);
        let rate = if matches!(end, AttemptEnd::Retry(failure) if failure.throttled) {
            self.before = if self.throttled.is_some() { self.measured.min(self.per_second) } else { self.measured };
            self.throttled = Some(now);
            self.before * 0.7
        } else {
            self.on_curve(now)
        };
        self.fill(now);
        self.per_second = rate.min(2.0 * self.measured).max(self.least);
        self.tokens = self.tokens.min(self.room());
    }

    fn compare(&mut self, gate: &AdaptiveRate, _: u64, _: &mut Words<'_>) {
        let state = gate.state();
        assert_eq!(state.is_limiting, self.throttled.is_some());
        for (what, has, expected) in [
            ("rate", state.rate, self.per_second),
            ("measured", state.measured, self.measured),
            ("left", state.left, self.tokens),
        ] {
            assert!((has - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {has} is not {expected}");
        }
    }
}
