//! `insist calls list`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use insist_core::Instant;
use insist_store::{Filter, Status, StoredCall};

use super::line::Line;
use crate::exit::Failure;
use crate::output::{json_line, output};
use crate::stored::open::StoreOption;
use crate::stored::time::from_now;

/// List calls, newest first
#[derive(Args)]
#[command(after_help = "Exit status: 0 listed, also if there are none; 1 the store failed; 2 usage error.")]
pub(super) struct List {
    #[command(flatten)]
    store: StoreOption,

    /// List only calls with this status
    #[arg(long, value_name = "STATUS", value_parser = status())]
    status: Option<Status>,

    /// List only calls to this target, as in https://shop.example
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,

    /// List only calls by this policy
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,

    /// List at most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,

    /// Print a line of JSON for each call
    ///
    /// {"key":…,"status":…,"attempts":…,"due":…|null,"last_status":…|null,"last_error":…|null}. Times are in UTC, as RFC 3339
    /// writes them. "due" is when the next attempt is, or when the lease of the one in flight ends.
    #[arg(long)]
    json: bool,
}

/// Reads a status, for clap.
pub(super) fn status() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str))
        .map(|word| Status::parse(&word).unwrap_or(Status::Pending))
}

impl List {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let calls = self.store.open()?;
        let mut filter = Filter::new().limit(self.limit as usize);
        if let Some(status) = self.status {
            filter = filter.status(status);
        }
        if let Some(target) = &self.target {
            filter = filter.target(target);
        }
        if let Some(policy) = &self.policy {
            filter = filter.policy(policy);
        }
        let found = calls.list(&filter).map_err(|error| self.store.failed(&error))?;
        let mut out = output();
        if self.json {
            for call in &found {
                json_line(&mut out, &Line::of(call))?;
            }
        } else {
            table(&mut out, &found)?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn table(out: &mut impl Write, calls: &[StoredCall]) -> Result<(), Failure> {
    let now = Instant::since_epoch();
    let width = calls.iter().map(|call| call.key.chars().count()).max().unwrap_or(3).clamp(3, 40);
    if !calls.is_empty() {
        writeln!(out, "{:width$}  {:9}  {:>8}  {:10}  last", "key", "status", "attempts", "due")?;
    }
    for call in calls {
        let due = match (call.in_flight_since, call.due) {
            (Some(_), _) => "in flight".into(),
            (None, Some(due)) => from_now(due, now),
            (None, None) => "-".into(),
        };
        let last = match (call.last_status, &call.last_error) {
            (Some(status), Some(error)) => format!("{status} {error}"),
            (Some(status), None) => status.to_string(),
            (None, error) => error.clone().unwrap_or_default(),
        };
        let line = format!("{:width$}  {:9}  {:>8}  {due:10}  {last}", call.key, call.status, call.attempts);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
