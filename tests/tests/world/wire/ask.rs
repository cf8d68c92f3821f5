//! Calls: what each asks for and of whom, drawn from a seed; and what a client has to be.

use std::time::Duration;

use insist_tests::proxy::Arrival;
use insist_tests::words::ms;
use insist_ureq::insisting::{AttemptEnd, Policy, Reason, Report};

/// An attempt's timeout, where it has one: long for a loopback, also on a noisy machine.
pub(crate) const TIMEOUT: Duration = ms(80);

/// The longest wait between two attempts.
pub(crate) const WAIT: Duration = ms(4);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Put,
    Post,
    /// With an `Idempotency-Key`.
    PostWithKey,
}

impl Method {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post | Self::PostWithKey => "POST",
        }
    }

    pub(crate) const fn has_body(self) -> bool {
        !matches!(self, Self::Get | Self::Head)
    }
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) seed: u64,
    pub(crate) call: u32,
    pub(crate) method: Method,
    pub(crate) policy: Policy,
    /// The body of the request.
    pub(crate) body: Vec<u8>,
    /// The body is given as a reader, where the client takes one; not a longer one than it keeps.
    pub(crate) is_read: bool,
    /// The answer's body is part of an attempt: one that breaks off is retried. Else the head is.
    pub(crate) whole_body: bool,
    /// No time bounds it and nobody asks for its report: the way of most calls.
    pub(crate) is_plain: bool,
}

/// A generator for one purpose.
pub(crate) fn random(seed: u64, purpose: u64, call: u32, attempt: u32) -> fastrand::Rng {
    let mut random = fastrand::Rng::with_seed(seed ^ purpose << 56);
    let mixed = random.u64(..) ^ (u64::from(call) << 32 | u64::from(attempt));
    fastrand::Rng::with_seed(mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Ask {
    pub(crate) fn draw(seed: u64, call: u32) -> Self {
        let mut random = random(seed, 1, call, 0);
        let method = match random.u8(..10) {
            0..=3 => Method::Get,
            4 => Method::Head,
            5 | 6 => Method::Put,
            7 | 8 => Method::Post,
            _ => Method::PostWithKey,
        };
        let is_plain = !method.has_body() && random.u8(..4) == 0;
        let whole_body = random.bool();
        let backoff = match random.u8(..3) {
            0 => Policy::zero(),
            1 => Policy::constant(ms(2)),
            _ => Policy::exponential(ms(1)).cap(WAIT),
        };
        let mut policy = backoff.attempts(random.u32(1..=4));
        if !is_plain {
            policy = policy.attempt_timeout(TIMEOUT);
            // Only a deadline bounds a body that is read after the call.
            if !whole_body || random.u8(..3) == 0 {
                policy = policy.deadline(TIMEOUT * random.u32(1..5) / 2);
            }
            if method == Method::Get {
                policy = match random.u8(..6) {
                    0 => policy.lanes(random.u8(2..=3)),
                    1 => policy.lanes(2).hedge_after(ms(10)),
                    2 => policy.lanes(3).hedge_after(ms(5)).hedge_on_failure(true),
                    _ => policy,
                };
            }
        }
        let length = match random.u8(..40) {
            // More than is kept of a reader.
            0 => 100_000,
            1 | 2 => 40_000,
            _ => random.usize(1..400),
        };
        let body = if method.has_body() { random.alphanumeric_bytes(length) } else { Vec::new() };
        let is_read = length < 64 << 10 && random.u8(..4) == 0;
        Self { seed, call, method, policy, body, is_read, whole_body, is_plain }
    }

    /// Returns how many attempts its policy allows.
    pub(crate) fn attempts(&self) -> u32 {
        self.policy.get_attempts().unwrap()
    }

    /// Every attempt of every call has a path of its own.
    pub(crate) fn path(&self, attempt: u32) -> String {
        format!("/{}/{attempt}", self.call)
    }
}

/// The numbers of the call and the attempt that a path is for.
pub(crate) fn numbers(path: &str) -> (u32, u32) {
    let mut numbers = path.split('/').skip(1).map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// The domain of the hosts that a tunnel is asked for: each call has one of its own.
pub(crate) const DOMAIN: &str = ".wire.test";

/// Returns whether a request asks for a tunnel.
pub(crate) fn is_connect(arrival: &Arrival) -> bool {
    arrival.method == "CONNECT"
}

/// The number of the call that a request is for.
pub(crate) fn call_of(arrival: &Arrival) -> u32 {
    if !is_connect(arrival) {
        return numbers(&arrival.path).0;
    }
    arrival.path.split('.').next().unwrap().parse().unwrap()
}

trait Bytes {
    fn alphanumeric_bytes(&mut self, length: usize) -> Vec<u8>;
}

impl Bytes for fastrand::Rng {
    fn alphanumeric_bytes(&mut self, length: usize) -> Vec<u8> {
        let pattern: Vec<_> = std::iter::repeat_with(|| self.alphanumeric() as u8).take(length.min(997)).collect();
        pattern.into_iter().cycle().take(length).collect()
    }
}

/// A client that insists, whatever it is made of.
pub(crate) trait Client: Sync {
    /// Its habits where clients differ.
    const HABITS: Habits;

    /// Makes a call. Attempt N asks for [`Ask::path`] of N at the proxy.
    fn call(&self, ask: &Ask) -> Seen;
}

/// The habits of a client where clients differ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// True if what is not HTTP ends a call at once; else it is tried again, as what breaks off is.
    pub(crate) stops_at_noise: bool,
    /// After a failure on a connection that was used before, the next attempt opens one of its own.
    pub(crate) opens_anew: bool,
    /// An answer that comes before the request is whole is the answer. Else it may be lost.
    pub(crate) hears_early: bool,
    /// Each call has connections of its own, whose other end speaks before a request is sent.
    pub(crate) has_own_tunnels: bool,
    /// It speaks TLS.
    pub(crate) over_tls: bool,
    /// It speaks HTTP/2, in which a stream that is refused was not processed.
    pub(crate) over_http2: bool,
}

/// The end of a call.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Counts how many attempts were made.
    pub(crate) attempts: u32,
    /// The answer, or the error as it is printed.
    pub(crate) answer: Result<Answer, String>,
    /// Holds what its report said, unless the call is plain.
    pub(crate) told: Option<Told>,
    /// From the start to the end of the answer's body.
    pub(crate) took: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Result<Vec<u8>, String>,
}

/// Holds what the report of a call told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// Says why it gave up; `None` if it returned.
    pub(crate) reason: Option<Reason>,
    /// The attempt whose result it returned.
    pub(crate) winner: Option<u32>,
    pub(crate) elapsed: Duration,
    /// In the order of their numbers.
    pub(crate) attempts: Vec<Attempted>,
}

/// An attempt as the log has it, in time since the call started.
#[derive(Debug, Clone)]
pub(crate) struct Attempted {
    pub(crate) attempt: u32,
    pub(crate) sent: Duration,
    pub(crate) ended: Option<Duration>,
    pub(crate) end: Option<AttemptEnd>,
    /// The status of its answer; else it had an error, or was cancelled.
    pub(crate) status: Option<u16>,
}

impl Told {
    /// Returns what a report tells, whatever its client keeps as detail of an attempt.
    pub(crate) fn of<D>(report: &Report<D>, status: impl Fn(&D) -> Option<u16>) -> Self {
        let since = |at: insist_ureq::insisting::Instant| at.saturating_since(report.started);
        let attempts = report.log.entries().iter().map(|entry| Attempted {
            attempt: entry.attempt,
            sent: since(entry.sent),
            ended: entry.ended.map(since),
            end: entry.end,
            status: entry.detail.as_ref().and_then(&status),
        });
        Self {
            reason: report.reason,
            winner: report.winner.map(|winner| winner.attempt),
            elapsed: report.elapsed,
            attempts: attempts.collect(),
        }
    }
}
