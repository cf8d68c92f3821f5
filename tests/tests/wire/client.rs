//! What every client can be asked, and what it tells of a call.

use std::time::Duration;

use insist_ureq::insisting::{AttemptEnd, Reason, Report};

use crate::ask::Ask;

/// A client that insists, whatever it is made of.
pub(crate) trait Client: Sync {
    /// Whether what is not HTTP ends a call at once, or is tried again as what breaks off is.
    const STOPS_AT_NOISE: bool;

    /// Makes a call. Attempt N asks for [`Ask::path`] of N at the proxy.
    fn call(&self, ask: &Ask) -> Seen;
}

/// What became of a call.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// How many attempts were made.
    pub(crate) attempts: u32,
    /// The answer, or the error as it is printed.
    pub(crate) answer: Result<Answer, String>,
    /// What its report said, unless the call is plain.
    pub(crate) told: Option<Told>,
    /// From the start to the end of the answer's body.
    pub(crate) took: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Result<Vec<u8>, String>,
}

/// What the report of a call told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// Why it gave up; `None` if it returned.
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
    /// What a report tells, whatever its client keeps as detail of an attempt.
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
