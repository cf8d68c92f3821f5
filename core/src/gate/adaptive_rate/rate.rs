//! The rate at work: what is measured, and the tokens that come at it.

use super::curve::{BETA, Curve, seconds};

/// Answers are counted in half seconds.
const HALF: u64 = 500_000_000;
/// Room for tokens, whatever the rate.
const ROOM: f64 = 1.0;

/// Measures how many answers there are a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Those since that half second.
    count: f64,
    half: u64,
    pub(super) rate: f64,
}

impl Clock {
    /// One more now.
    fn hear(&mut self, now: u64) {
        let half = now / HALF;
        self.count += 1.0;
        if half > self.half {
            self.rate = self.count / seconds(self.half * HALF, half * HALF) * 0.8 + self.rate * 0.2;
            (self.count, self.half) = (0.0, half);
        }
    }
}

/// All that the gate keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) is_limiting: bool,
    pub(super) clock: Clock,
    curve: Curve,
    /// Tokens a second.
    pub(super) fill: f64,
    room: f64,
    pub(super) tokens: f64,
    /// When they were counted.
    counted: u64,
}

impl Rate {
    pub(super) const fn new() -> Self {
        Self {
            is_limiting: false,
            clock: Clock { count: 0.0, half: 0, rate: 0.0 },
            curve: Curve::NONE,
            fill: 0.0,
            room: 0.0,
            tokens: 0.0,
            counted: 0,
        }
    }

    /// Takes a token, or returns after how many nanoseconds there is one; 0 if it has taken it.
    pub(super) fn take(&mut self, now: u64) -> u64 {
        if !self.is_limiting {
            return 0;
        }
        self.count(now);
        let wait = ((1.0 - self.tokens) / self.fill * 1e9).max(0.0).round();
        // What is there within a nanosecond is there, or a caller that comes at the very instant would be sent away again.
        if wait < 1.0 {
            self.tokens = (self.tokens - 1.0).max(0.0);
        }
        wait as u64
    }

    /// Gives back a token that was taken for nothing.
    pub(super) fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.room);
    }

    /// Hears an answer.
    pub(super) fn hear(&mut self, now: u64, is_throttled: bool, least: f64) {
        self.clock.hear(now);
        let measured = self.clock.rate;
        let rate = if is_throttled {
            let before = if self.is_limiting { measured.min(self.fill) } else { measured };
            self.is_limiting = true;
            self.curve = Curve::new(now, before);
            before * BETA
        } else {
            self.curve.rate(now)
        };
        // What came until now came at the rate until now.
        self.count(now);
        self.fill = rate.min(2.0 * measured).max(least);
        self.room = self.fill.max(ROOM);
        self.tokens = self.tokens.min(self.room);
    }

    fn count(&mut self, now: u64) {
        if now > self.counted {
            self.tokens = (self.tokens + seconds(self.counted, now) * self.fill).min(self.room);
            self.counted = now;
        }
    }
}
