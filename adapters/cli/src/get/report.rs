//! What a finished call tells: the JSON of `--report`, and the lines of `--log`.

use std::fmt;
use std::io::Write;
use std::time::Duration;

use insist_core::{End, Instant, Kind, Policy, Reason};
use insist_ureq::{Detail, Report};
use serde::Serialize;

use super::sink::Sink;
use crate::exit::Failure;
use crate::span::{Rounded, nanos};

/// What is told, and what it is to be read with.
pub(super) struct Told<'a> {
    pub(super) report: &'a Report,
    pub(super) policy: &'a Policy,
}

/// The documented form of `--report`. Times are nanoseconds since the call began.
#[derive(Serialize)]
pub(super) struct Form {
    outcome: &'static str,
    reason: Option<Reason>,
    status: Option<u16>,
    attempts: u32,
    retries: u32,
    hedges: u32,
    winner: Option<Winner>,
    elapsed_ns: u64,
    seed: u64,
    log: Vec<Entry>,
}

#[derive(Serialize)]
struct Winner {
    attempt: u32,
    lane: u8,
}

#[derive(Serialize)]
struct Entry {
    attempt: u32,
    lane: u8,
    retry: u32,
    kind: Kind,
    target: String,
    sent_ns: u64,
    ended_ns: Option<u64>,
    verdict: Option<&'static str>,
    status: Option<u16>,
    error: Option<String>,
}

impl Form {
    /// Of a call that could not even begin.
    pub(super) fn unsent(seed: u64) -> Self {
        Self {
            outcome: "gave_up",
            reason: Some(Reason::Stopped),
            status: None,
            attempts: 0,
            retries: 0,
            hedges: 0,
            winner: None,
            elapsed_ns: 0,
            seed,
            log: Vec::new(),
        }
    }
}

/// A report as a line.
pub(super) fn write_line(to: &mut Sink, form: &Form) -> Result<(), Failure> {
    let mut line = serde_json::to_vec(form)?;
    line.push(b'\n');
    to.write_all(&line).map_err(|error| Failure::Failed(format!("cannot write the report: {error}")))
}

impl Told<'_> {
    /// The documented form. `broken` says how the body of an accepted response broke off: that makes a failure of it,
    /// which no attempt is left to mend.
    pub(super) fn form(&self, status: Option<u16>, broken: Option<String>) -> Form {
        let report = self.report;
        let winner = report.winner.filter(|_| broken.is_none());
        let mut log: Vec<Entry> = report.log.entries().iter().map(|entry| self.entry(entry)).collect();
        if let (Some(error), Some(winner)) = (&broken, report.winner) {
            for entry in log.iter_mut().filter(|entry| entry.attempt == winner.attempt) {
                entry.verdict = Some(End::Stop.as_str());
                entry.error = Some(error.clone());
            }
        }
        let reason = report.reason.or(broken.map(|_| Reason::Stopped));
        Form {
            outcome: if reason.is_none() { "returned" } else { "gave_up" },
            reason,
            status,
            attempts: report.attempts,
            retries: report.retries,
            hedges: report.hedges,
            winner: winner.map(|winner| Winner { attempt: winner.attempt, lane: winner.lane }),
            elapsed_ns: nanos(report.elapsed),
            seed: report.seed,
            log,
        }
    }

    fn entry(&self, entry: &insist_core::Entry<Detail>) -> Entry {
        let since = |at: Instant| nanos(at.saturating_since(self.report.started));
        let detail = entry.detail.clone().unwrap_or_default();
        Entry {
            attempt: entry.attempt,
            lane: entry.lane,
            retry: entry.retry,
            kind: entry.kind,
            target: detail.target,
            sent_ns: since(entry.sent),
            ended_ns: entry.ended.map(since),
            verdict: self.verdict(entry),
            status: detail.status,
            error: detail.error,
        }
    }

    /// An attempt on the caller's thread ends itself when its time is up: that is a timeout too.
    fn verdict(&self, entry: &insist_core::Entry<Detail>) -> Option<&'static str> {
        let is_error = entry.detail.as_ref().is_some_and(|detail| detail.error.is_some());
        let ran_out = |limit: Option<Duration>, from: Instant| match (limit, entry.ended) {
            (Some(limit), Some(ended)) => ended.saturating_since(from) >= limit,
            _ => false,
        };
        let is_late = ran_out(self.policy.get_attempt_timeout(), entry.sent)
            || ran_out(self.policy.get_deadline(), self.report.started);
        let end = match entry.end? {
            End::Retry(_) if is_error && is_late => End::Timeout,
            end => end,
        };
        Some(end.as_str())
    }
}

/// One line an attempt: `#2 retry in lane 0 of http://one.example/: 100ms to 118ms, status 503, retry`.
impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { log, started, .. } = self.report;
        for entry in log.entries() {
            let since = |at: Instant| Rounded(at.saturating_since(*started));
            let target = entry.detail.as_ref().map_or("", |detail| &detail.target);
            write!(f, "#{} {} in lane {} of {target}: ", entry.attempt, entry.kind, entry.lane)?;
            write!(f, "{}", since(entry.sent))?;
            if let Some(ended) = entry.ended {
                write!(f, " to {}", since(ended))?;
            }
            if let Some(status) = entry.detail.as_ref().and_then(|detail| detail.status) {
                write!(f, ", status {status}")?;
            }
            if let Some(error) = entry.detail.as_ref().and_then(|detail| detail.error.as_ref()) {
                write!(f, ", {error}")?;
            }
            writeln!(f, ", {}", self.verdict(entry).unwrap_or("in flight"))?;
        }
        match log.dropped() {
            0 => Ok(()),
            dropped => writeln!(f, "and {dropped} more"),
        }
    }
}
