//! AWS's retry token quota (standard mode of its SDKs): a retry costs tokens, a success gives some back.
//!
//! The tokens are shared. What a retry is for, and what its call has paid last, only the call knows: so each call has a
//! [`Ticket`] as its gate.

use std::cell::Cell;
use std::sync::Mutex;

use insist_core::{End, Gate, Instant, Kind, Refusal, Sent, Settled};

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

    /// The gate of one call.
    #[must_use]
    pub const fn ticket(&self) -> Ticket<'_> {
        Ticket { quota: self, due: Cell::new(self.costs.transient), paid: Cell::new(None) }
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

/// The gate of one call: it knows what the next retry is for, and what the last one cost.
///
/// AWS does not hedge. A call with several lanes gets back what it paid last, whichever lane paid it.
#[derive(Clone, Debug)]
pub struct Ticket<'a> {
    quota: &'a RetryQuota,
    due: Cell<u32>,
    paid: Cell<Option<u32>>,
}

impl Gate for Ticket<'_> {
    fn reserve(&self, now: Instant, _: Kind) -> Result<(), Refusal> {
        let cost = self.due.get();
        if !self.quota.take(now, cost) {
            return Err(Refusal::new("retry quota is used up"));
        }
        self.paid.set(Some(cost));
        Ok(())
    }

    fn refund(&self, now: Instant, _: Kind, _: Instant) {
        self.quota.give(now, self.paid.take().map_or(0.0, f64::from));
    }

    fn settle(&self, now: Instant, _: Kind, settled: Settled) {
        let costs = self.quota.costs;
        match settled {
            Settled::Ended(End::Accept, _) => {
                self.quota.give(now, self.paid.take().map_or(self.quota.reward, f64::from));
            }
            Settled::Ended(End::Retry(Sent::Throttled), _) => self.due.set(costs.throttled),
            Settled::Ended(End::Retry(_), _) => self.due.set(costs.transient),
            Settled::Ended(End::Timeout, _) => self.due.set(costs.timeout),
            Settled::Ended(End::Stop | End::Cancelled, _) | Settled::Unsent => {}
        }
    }
}
