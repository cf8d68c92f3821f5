//! Writes the report of a finished call: the JSON of `--report`, and the lines of `--log`.

use std::fmt;
use std::io::{self, Write};

use insist_core::{AttemptEnd, Instant, Kind, Reason, Refusal, Winner};
use insist_ureq::Timeout;
use insist_ureq::insisting::{Detail, Report};
use serde::Serialize;

use super::line::Line;
use super::sink::Sink;
use crate::shown::{foreign, without_secrets};
use crate::span::nanos;

/// A report that prints as the lines of `--log`, and converts to the JSON of `--report`.
pub(super) struct Told<'a> {
    pub(super) report: &'a Report,
    pub(super) hides_queries: bool,
}

/// The JSON of `--report`, as the help documents it. Times are nanoseconds since the call began.
#[derive(Serialize)]
pub(super) struct JsonReport {
    outcome: &'static str,
    reason: Option<Reason>,
    refusal: Option<Refusal>,
    status: Option<u16>,
    attempts: u32,
    retries: u32,
    hedges: u32,
    winner: Option<Winner>,
    started_unix_ns: u64,
    elapsed_ns: u64,
    seed: u64,
    log: Vec<Entry>,
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
    verdict: Option<AttemptEnd>,
    status: Option<u16>,
    error: Option<String>,
}

impl JsonReport {
    /// Makes the report of a call that could not begin.
    pub(super) fn unsent(seed: u64) -> Self {
        Self {
            outcome: "gave_up",
            reason: Some(Reason::Stopped),
            refusal: None,
            status: None,
            attempts: 0,
            retries: 0,
            hedges: 0,
            winner: None,
            started_unix_ns: Instant::since_epoch().as_nanos(),
            elapsed_ns: 0,
            seed,
            log: Vec::new(),
        }
    }
}

/// Returns when a call started, in nanoseconds since 1970, by the clock on the wall as it is now.
fn started_unix(started: Instant) -> u64 {
    let ago = nanos(Instant::now().saturating_since(started));
    Instant::since_epoch().as_nanos().saturating_sub(ago)
}

/// Writes a report as one line of JSON.
pub(super) fn write_line(to: &mut Sink, json: &JsonReport) -> io::Result<()> {
    let mut line = serde_json::to_vec(json)?;
    line.push(b'\n');
    to.write_all(&line)
}

impl Told<'_> {
    /// Makes the JSON. `broken` says how the body of an accepted response broke off, which makes the call a failure:
    /// there is no attempt after an accepted one.
    pub(super) fn json(&self, status: Option<u16>, broken: Option<String>) -> JsonReport {
        let report = self.report;
        let winner = report.winner.filter(|_| broken.is_none());
        let mut log: Vec<Entry> = report.log.entries().iter().map(|entry| self.entry(entry)).collect();
        if let (Some(error), Some(winner)) = (&broken, report.winner) {
            let error = foreign(&self.shown(error));
            for entry in log.iter_mut().filter(|entry| entry.attempt == winner.attempt) {
                entry.verdict = Some(AttemptEnd::Stop);
                entry.error = Some(error.clone());
            }
        }
        let reason = report.reason.or(broken.map(|_| Reason::Stopped));
        JsonReport {
            outcome: if reason.is_none() { "returned" } else { "gave_up" },
            reason,
            refusal: report.refusal,
            status,
            attempts: report.attempts,
            retries: report.retries,
            hedges: report.hedges,
            winner,
            started_unix_ns: started_unix(report.started),
            elapsed_ns: nanos(report.elapsed),
            seed: report.seed,
            log,
        }
    }

    /// Leaves out what is secret.
    fn shown(&self, text: &str) -> String {
        without_secrets(text, self.hides_queries)
    }

    fn entry(&self, entry: &insist_core::Entry<Detail>) -> Entry {
        let since = |at: Instant| nanos(at.saturating_since(self.report.started));
        let detail = entry.detail.clone().unwrap_or_default();
        Entry {
            attempt: entry.attempt,
            lane: entry.lane,
            retry: entry.retry,
            kind: entry.kind,
            sent_ns: since(entry.sent),
            ended_ns: entry.ended.map(since),
            verdict: end(entry),
            target: self.shown(&detail.target),
            status: detail.status,
            error: detail.error.map(|error| foreign(&self.shown(&error))),
        }
    }
}

/// Returns how an attempt ended. One on the caller's thread ends itself at its timeout, with an error; it is shown as
/// the timeout that the machine would report.
fn end(entry: &insist_core::Entry<Detail>) -> Option<AttemptEnd> {
    match (entry.end?, entry.detail.as_ref().and_then(|detail| detail.timeout)) {
        (AttemptEnd::Retry(_), Some(Timeout::Global)) => Some(AttemptEnd::Deadline),
        (AttemptEnd::Retry(_), Some(_)) => Some(AttemptEnd::Timeout),
        (end, _) => Some(end),
    }
}

/// Prints one line for each attempt.
impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { log, started, .. } = self.report;
        for entry in log.entries() {
            let since = |at: Instant| at.saturating_since(*started);
            let detail = entry.detail.clone().unwrap_or_default();
            let line = Line {
                attempt: entry.attempt,
                kind: entry.kind,
                lane: entry.lane,
                sent: since(entry.sent),
                ended: entry.ended.map(since),
                status: detail.status,
                error: detail.error.map(|error| foreign(&self.shown(&error))),
                end: end(entry),
            };
            writeln!(f, "{}", line.to(&foreign(&self.shown(&detail.target))))?;
        }
        match log.dropped() {
            0 => Ok(()),
            dropped => writeln!(f, "and {dropped} more"),
        }
    }
}
