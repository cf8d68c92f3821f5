//! The servers of a world: how many, how fast, and what they do when there is more than they can.

mod backend;

use std::time::Duration;

use crate::times::Times;
pub use backend::{Backend, Request, Step};

/// Serves calls: replicas, each with workers and a queue before them.
#[derive(Clone, Debug, PartialEq)]
pub struct Servers {
    pub(crate) service: Times,
    pub(crate) replicas: u32,
    pub(crate) workers: u32,
    pub(crate) queue: Option<u32>,
    pub(crate) discipline: Discipline,
    pub(crate) balance: Balance,
    pub(crate) skew: Vec<f64>,
    pub(crate) told_of_cancels: bool,
    pub(crate) full_status: u16,
    pub(crate) contention: f64,
}

/// Says which of those that wait is served next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discipline {
    /// The one that waits longest.
    #[default]
    Fifo,
    /// The one that came last, which is the likeliest to be waited for.
    Lifo,
}

/// Says which replica an attempt is sent to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Balance {
    /// Any, by chance.
    #[default]
    Random,
    /// One after the other.
    RoundRobin,
    /// The one with the fewest attempts.
    LeastBusy,
}

impl Servers {
    /// Makes one server with one worker that takes so long, and a queue without limit.
    #[must_use]
    pub const fn new(service: Times) -> Self {
        Self {
            service,
            replicas: 1,
            workers: 1,
            queue: None,
            discipline: Discipline::Fifo,
            balance: Balance::Random,
            skew: Vec::new(),
            told_of_cancels: false,
            full_status: 503,
            contention: 0.0,
        }
    }

    /// Sets how many replicas there are. Default: 1.
    #[must_use]
    pub const fn replicas(mut self, replicas: u32) -> Self {
        self.replicas = replicas;
        self
    }

    /// Sets how many attempts a replica works on at once. Default: 1.
    #[must_use]
    pub const fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// Sets how many attempts may wait before a replica; what comes beyond is answered after 1 ms. Default: no limit.
    #[must_use]
    pub const fn queue(mut self, limit: u32) -> Self {
        self.queue = Some(limit);
        self
    }

    /// Sets the status with which a full queue answers. Default: 503.
    #[must_use]
    pub const fn full_status(mut self, status: u16) -> Self {
        self.full_status = status;
        self
    }

    /// Makes an attempt take longer by this part for each that waits behind it when it begins, as a server does that
    /// thrashes, or collects garbage, under load. Default: 0.
    #[must_use]
    pub const fn contention(mut self, part: f64) -> Self {
        self.contention = part;
        self
    }

    /// Sets which of those that wait is served next. Default: the one that waits longest.
    #[must_use]
    pub const fn discipline(mut self, discipline: Discipline) -> Self {
        self.discipline = discipline;
        self
    }

    /// Sets which replica an attempt is sent to. Default: any, by chance.
    #[must_use]
    pub const fn balance(mut self, balance: Balance) -> Self {
        self.balance = balance;
        self
    }

    /// Sets by how much each replica is slower than the distribution says, from the first one on; those that are not
    /// mentioned are as it says. Default: all are.
    #[must_use]
    pub fn skew(mut self, factors: &[f64]) -> Self {
        self.skew = factors.to_vec();
        self
    }

    /// Makes servers hear of cancels, and drop the work at once. Default: they do not, and work on for nobody.
    #[must_use]
    pub const fn told_of_cancels(mut self) -> Self {
        self.told_of_cancels = true;
        self
    }

    /// Returns how many attempts a second all replicas can do.
    #[must_use]
    pub fn capacity(&self) -> f64 {
        let one = f64::from(self.workers) / self.service.mean().as_secs_f64();
        (0..self.replicas).map(|replica| one / self.slowness(replica)).sum()
    }

    pub(crate) fn slowness(&self, replica: u32) -> f64 {
        self.skew.get(replica as usize).copied().unwrap_or(1.0)
    }

    /// Returns how long an attempt takes in the mean at a replica without skew.
    pub(crate) fn mean(&self) -> Duration {
        self.service.mean()
    }
}
