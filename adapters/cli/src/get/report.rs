//! Writes the report of a finished call: the JSON of `--report`, and the lines of `--log`.

use std::fmt;
use std::io::{self, Write};

use insist_core::{AttemptEnd, FailedAt, Instant, Policy, Reason, Repeat, WrittenReport};
use insist_ureq::Timeout;
use insist_ureq::insisting::{Detail, Report};

use super::download::BROKE_OFF;
use super::line::Line;
use super::sink::Sink;
use crate::shown::{foreign, without_secrets};
use crate::span::nanos;

/// A report that prints as the lines of `--log`, and converts to the JSON of `--report`.
pub(super) struct Told<'a> {
    pub(super) report: &'a Report,
    pub(super) fetch: &'a About,
    pub(super) hides_queries: bool,
}

/// Holds what a report tells of the call besides what came of it.
pub(super) struct About {
    pub(super) policy: Policy,
    pub(super) repeat: Repeat,
    pub(super) gates: Option<String>,
    pub(super) is_raced: bool,
}

/// Returns when a call started, in nanoseconds since 1970, by the clock on the wall as it is now.
fn started_unix(started: Instant) -> u64 {
    let ago = nanos(Instant::now().saturating_since(started));
    Instant::since_epoch().as_nanos().saturating_sub(ago)
}

/// Writes a report as one line of JSON.
pub(super) fn write_line(to: &mut Sink, json: &WrittenReport) -> io::Result<()> {
    let mut line = serde_json::to_vec(json)?;
    line.push(b'\n');
    to.write_all(&line)
}

impl Told<'_> {
    /// Makes the JSON. `broken` says how the body of an accepted response broke off, which makes the call a failure:
    /// there is no attempt after an accepted one.
    pub(super) fn json(&self, status: Option<u16>, broken: Option<String>) -> WrittenReport {
        let About { policy, repeat, gates, is_raced } = self.fetch;
        let mut json = self.report.written(policy, *repeat, |entry| self.entry(entry));
        json.status = status;
        json.started_unix_ns = Some(started_unix(self.report.started));
        json.is_on_caller = !is_raced;
        json.gates = gates.clone();
        if let (Some(error), Some(winner)) = (broken, json.winner) {
            json.winner = None;
            json.outcome = "gave_up".into();
            json.reason = Some(Reason::Stopped);
            for entry in json.log.iter_mut().filter(|entry| entry.attempt == winner.attempt) {
                entry.verdict = Some(AttemptEnd::Stop.as_str().into());
                entry.error = Some(foreign(&self.shown(&error)));
                entry.failed_at = Some(FailedAt::Body);
            }
        }
        json
    }

    /// Leaves out what is secret.
    fn shown(&self, text: &str) -> String {
        without_secrets(text, self.hides_queries)
    }

    fn entry(&self, entry: &insist_core::Entry<Detail>) -> insist_core::Told {
        let detail = entry.detail.clone().unwrap_or_default();
        let is_broken = detail.error.as_ref().is_some_and(|error| error.contains(BROKE_OFF));
        insist_core::Told::default()
            .target(self.shown(&detail.target))
            .status(detail.status)
            .error(detail.error.map(|error| foreign(&self.shown(&error))))
            .failed_at(is_broken.then_some(FailedAt::Body))
            .end(end(entry))
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
