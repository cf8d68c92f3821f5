//! `insist calls show`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use insist_core::Instant;
use insist_store::http::Request;
use insist_store::{AttemptRecord, Calls, StoredCall};
use serde::Serialize;

use super::line::Line;
use crate::exit::Failure;
use crate::output::{json_line, output};
use crate::span::Rounded;
use crate::stored::open::StoreOption;
use crate::stored::time::{from_now, written};

/// Show a call, with its newest 32 attempts
///
/// The values of headers and the body are not shown: they may hold secrets.
#[derive(Args)]
#[command(after_help = "Exit status: 0 shown; 1 there is no such call, or the store failed; 2 usage error.")]
pub(super) struct Show {
    /// The key of the call
    key: String,

    #[command(flatten)]
    store: StoreOption,

    /// Print a line of JSON: that of `insist calls list --json`, with more of the call and its attempts
    ///
    /// …,"target":…,"policy":…,"created":…,"ended":…|null,"reason":…|null,"log":[{"attempt":…,"sent":…,"ended":…,"end":"accept"|"retry"|"stop"|"lost"|"late","status":…|null,"error":…|null}]
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    target: &'a str,
    policy: &'a str,
    created: String,
    ended: Option<String>,
    reason: Option<&'static str>,
    log: Vec<Entry<'a>>,
}

impl<'a> Whole<'a> {
    fn of(call: &'a StoredCall) -> Self {
        Self {
            line: Line::of(call),
            target: &call.target,
            policy: &call.policy,
            created: written(call.created),
            ended: call.ended.map(written),
            reason: call.reason.map(insist_store::Reason::as_str),
            log: call.log.iter().map(Entry::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    attempt: u32,
    sent: String,
    ended: String,
    end: &'static str,
    status: Option<u16>,
    error: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn of(record: &'a AttemptRecord) -> Self {
        Self {
            attempt: record.attempt,
            sent: written(record.sent),
            ended: written(record.ended),
            end: record.end.as_str(),
            status: record.status,
            error: record.error.as_deref(),
        }
    }
}

impl Show {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let calls = self.store.open()?;
        let found = calls.find(&self.key).map_err(|error| self.store.failed(&error))?;
        let Some(call) = found else {
            return Err(Failure::Failed(format!("there is no call with the key {:?}", self.key)));
        };
        let mut out = output();
        if self.json {
            json_line(&mut out, &Whole::of(&call))?;
        } else {
            self.text(&mut out, &calls, &call)?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn text(&self, out: &mut impl Write, calls: &Calls, call: &StoredCall) -> Result<(), Failure> {
        let now = Instant::since_epoch();
        let body = calls.body(&call.key).map_err(|error| self.store.failed(&error))?;
        writeln!(out, "{}: {}", call.key, call.status)?;
        match Request::from_bytes(&body) {
            Ok(request) => {
                writeln!(out, "  {} {}", request.method(), request.uri())?;
                let names: Vec<&str> = request.headers().keys().map(http::HeaderName::as_str).collect();
                if !names.is_empty() {
                    writeln!(out, "  headers: {}", names.join(", "))?;
                }
            }
            Err(_) => writeln!(out, "  target {}, {} bytes", call.target, body.len())?,
        }
        writeln!(out, "  policy {}", call.policy)?;
        writeln!(out, "  enqueued {}", written(call.created))?;
        match (call.in_flight_since, call.due) {
            (Some(since), Some(due)) => {
                writeln!(
                    out,
                    "  attempt {} in flight since {}, leased until {}",
                    call.attempts,
                    written(since),
                    written(due)
                )?;
            }
            (_, Some(due)) => writeln!(out, "  due {} ({})", written(due), from_now(due, now))?,
            (_, None) => {}
        }
        if let Some(deadline) = call.deadline.filter(|_| !call.status.is_over()) {
            writeln!(out, "  deadline {}", written(deadline))?;
        }
        if let Some(ended) = call.ended {
            let reason = call.reason.map_or(String::new(), |reason| format!(": {reason}"));
            writeln!(out, "  ended {}{reason}", written(ended))?;
        }
        let left_out = call.attempts.saturating_sub(call.log.len() as u32);
        writeln!(out, "  {} {}", call.attempts, if call.attempts == 1 { "attempt" } else { "attempts" })?;
        if left_out > 0 && !call.log.is_empty() && call.log[0].attempt > 1 {
            writeln!(out, "    … {} earlier", call.log[0].attempt - 1)?;
        }
        for record in &call.log {
            let took = Rounded(record.ended.saturating_since(record.sent));
            write!(out, "    {:>3}  {}  {took:>6}  {:6}", record.attempt, written(record.sent), record.end.as_str())?;
            if let Some(status) = record.status {
                write!(out, "  {status}")?;
            }
            if let Some(error) = &record.error {
                write!(out, "  {error}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
