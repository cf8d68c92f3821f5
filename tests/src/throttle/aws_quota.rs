//! AWS's retry token quota (standard mode of its SDKs): a retry costs tokens, by what it is for, and a success gives back
//! what it cost.

use std::sync::Mutex;

use insist_core::{AttemptEnd, Cause, Gate, Instant, Kind, Refusal, Settled};

use super::{lock, seconds};

/// What a retry costs, by what it comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// After any other failure.
    pub transient: u32,
    /// After a timeout.
    pub timeout: u32,
    /// After the server said that it has too much to do.
    pub throttled: u32,
}

impl Costs {
    /// The first standard mode: 5, and 10 after a timeout.
    pub const V2_0: Self = Self { transient: 5, timeout: 10, throttled: 5 };
    /// The second: 14, and 5 where it was throttled.
    pub const V2_1: Self = Self { transient: 14, timeout: 14, throttled: 5 };

    /// AWS does not hedge; a hedge costs as much as a retry after any other failure.
    const fn of(self, cause: &Cause) -> u32 {
        match cause.after() {
            Some(AttemptEnd::Retry(failure)) if failure.throttled => self.throttled,
            Some(AttemptEnd::Timeout) => self.timeout,
            _ => self.transient,
        }
    }
}

/// The tokens that all calls to a service share. 500 at the start and at most; a first send that succeeds gives one.
#[derive(Debug)]
pub struct RetryQuota {
    costs: Costs,
    capacity: f64,
    reward: f64,
    refill: f64,
    tokens: Mutex<Tokens>,
}

#[derive(Debug)]
struct Tokens {
    available: f64,
    at: f64,
}

impl RetryQuota {
    /// A full quota of 500.
    #[must_use]
    pub const fn new(costs: Costs) -> Self {
        Self {
            costs,
            capacity: 500.0,
            reward: 1.0,
            refill: 0.0,
            tokens: Mutex::new(Tokens { available: 500.0, at: 0.0 }),
        }
    }

    /// A full quota of so many tokens.
    #[must_use]
    pub fn capacity(mut self, tokens: u32) -> Self {
        self.capacity = f64::from(tokens);
        self.tokens = Mutex::new(Tokens { available: self.capacity, at: 0.0 });
        self
    }

    /// What is there now, if it is not full.
    #[must_use]
    pub fn holding(self, tokens: u32) -> Self {
        lock(&self.tokens).available = f64::from(tokens);
        self
    }

    /// What a first send that succeeds gives. Default 1.
    #[must_use]
    pub const fn reward(mut self, tokens: f64) -> Self {
        self.reward = tokens;
        self
    }

    /// So many tokens come back every second. Default 0.
    #[must_use]
    pub const fn refill(mut self, a_second: f64) -> Self {
        self.refill = a_second;
        self
    }

    /// The tokens that are there, parts of one included.
    #[must_use]
    pub fn tokens(&self, now: Instant) -> f64 {
        self.change(now, |_| {})
    }

    /// How many whole tokens are there.
    #[must_use]
    pub fn available(&self, now: Instant) -> u32 {
        self.tokens(now) as u32
    }

    /// Takes so many tokens, or none if they are not there.
    pub fn take(&self, now: Instant, tokens: u32) -> bool {
        let mut taken = false;
        self.change(now, |available| {
            // What a refill adds up to is a little less than the whole that it means.
            taken = *available + 1e-9 >= f64::from(tokens);
            if taken {
                *available = (*available - f64::from(tokens)).max(0.0);
            }
        });
        taken
    }

    fn give(&self, now: Instant, tokens: f64) {
        self.change(now, |available| *available += tokens);
    }

    /// What is above the capacity is cut before anything is made of it.
    fn change(&self, now: Instant, change: impl FnOnce(&mut f64)) -> f64 {
        let mut tokens = lock(&self.tokens);
        let passed = (seconds(now) - tokens.at).max(0.0);
        tokens.at += passed;
        tokens.available = (tokens.available + passed * self.refill).min(self.capacity);
        change(&mut tokens.available);
        tokens.available
    }
}

impl Gate for RetryQuota {
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        if self.take(now, self.costs.of(cause)) { Ok(()) } else { Err(Refusal::new(&"retry quota is used up")) }
    }

    fn refund(&self, now: Instant, cause: &Cause, _: Instant) {
        self.give(now, self.costs.of(cause).into());
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if let Settled::Ended(AttemptEnd::Accept, _) = settled {
            self.give(now, if cause.kind == Kind::First { self.reward } else { self.costs.of(cause).into() });
        }
    }
}
