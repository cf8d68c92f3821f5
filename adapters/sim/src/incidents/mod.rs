//! What goes wrong in a world: from when, until when, for which share of the attempts.

mod status;

use std::time::Duration;

pub(crate) use status::judge;

/// Something that goes wrong for a while.
///
/// ```
/// use std::time::Duration;
/// use insist_sim::Incident;
///
/// const S: Duration = Duration::from_secs(1);
/// let outage = Incident::hang(30 * S, 40 * S);
/// let busy = Incident::fail(503, 30 * S, 40 * S).retry_after(2 * S).share(0.5);
/// let bad_machine = Incident::slow(10.0, Duration::ZERO, 3600 * S).replica(2);
/// # let _ = (outage, busy, bad_machine);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Incident {
    pub(crate) kind: Kind,
    pub(crate) from: Duration,
    pub(crate) until: Duration,
    pub(crate) share: f64,
    pub(crate) replica: Option<u32>,
    pub(crate) after: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Hang,
    Fail { status: u16, retry_after: Option<Duration> },
    Slow(f64),
    Reset,
    Loss(f64),
}

impl Incident {
    const fn new(kind: Kind, from: Duration, until: Duration) -> Self {
        Self { kind, from, until, share: 1.0, replica: None, after: Duration::from_millis(1) }
    }

    /// Makes workers that begin an attempt do nothing until it is over, and then serve it.
    #[must_use]
    pub const fn hang(from: Duration, until: Duration) -> Self {
        Self::new(Kind::Hang, from, until)
    }

    /// Answers attempts with this status after 1 ms, without work. 408, 425, 429, 500, 502, 503 and 504 are worth another
    /// attempt, 429 says that the server has too much to do, and any other ends the call.
    #[must_use]
    pub const fn fail(status: u16, from: Duration, until: Duration) -> Self {
        Self::new(Kind::Fail { status, retry_after: None }, from, until)
    }

    /// Multiplies service times.
    #[must_use]
    pub const fn slow(factor: f64, from: Duration, until: Duration) -> Self {
        Self::new(Kind::Slow(factor), from, until)
    }

    /// Resets attempts after 1 ms, without work; they may have been sent.
    #[must_use]
    pub const fn reset(from: Duration, until: Duration) -> Self {
        Self::new(Kind::Reset, from, until)
    }

    /// Takes this part of the capacity away: workers as far as they are whole, and the speed of those that stay for the
    /// rest.
    #[must_use]
    pub const fn capacity_loss(part: f64, from: Duration, until: Duration) -> Self {
        Self::new(Kind::Loss(part), from, until)
    }

    /// Sets which share of the attempts it is about, drawn for each. Default: all. A loss of capacity is about all.
    #[must_use]
    pub const fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Makes it about one replica, numbered from 0. Default: all.
    #[must_use]
    pub const fn replica(mut self, replica: u32) -> Self {
        self.replica = Some(replica);
        self
    }

    /// Adds a `Retry-After` to the answers of [`fail`](Self::fail). Default: none.
    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        if let Kind::Fail { status, .. } = self.kind {
            self.kind = Kind::Fail { status, retry_after: Some(wait) };
        }
        self
    }

    /// Sets the span after which an attempt fails or is reset. Default: 1 ms.
    #[must_use]
    pub const fn after(mut self, span: Duration) -> Self {
        self.after = span;
        self
    }

    /// Returns its word: `hang`, `fail`, `slow`, `reset` or `capacity loss`.
    pub(crate) const fn word(&self) -> &'static str {
        match self.kind {
            Kind::Hang => "hang",
            Kind::Fail { .. } => "fail",
            Kind::Slow(_) => "slow",
            Kind::Reset => "reset",
            Kind::Loss(_) => "capacity loss",
        }
    }

    /// Returns whether it goes on at an instant since the start, at this replica.
    pub(crate) fn holds(&self, now: Duration, replica: u32) -> bool {
        self.from <= now && now < self.until && self.replica.is_none_or(|only| only == replica)
    }
}
