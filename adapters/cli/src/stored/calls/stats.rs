//! `insist calls stats`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use insist_core::Instant;
use insist_store::QueueCounts;
use serde::Serialize;

use crate::exit::Failure;
use crate::output::{json_line, output};
use crate::stored::open::StoreOption;
use crate::stored::time::written;

/// Count calls by target, policy and status, however many there are
#[derive(Args)]
#[command(after_help = "Exit status: 0 counted; 1 the store failed; 2 usage error.")]
pub(super) struct Stats {
    #[command(flatten)]
    store: StoreOption,

    /// Print a line of JSON for each target and policy
    ///
    /// {"target":…,"policy":…,"pending":…,"paused":…,"parked":…,"delivered":…,"failed":…,"unknown":…,"cancelled":…,
    /// "held_until":…|null}. A call is counted once.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    target: &'a str,
    policy: &'a str,
    pending: u64,
    paused: u64,
    parked: u64,
    delivered: u64,
    failed: u64,
    unknown: u64,
    cancelled: u64,
    held_until: Option<String>,
}

impl<'a> Line<'a> {
    fn of(queue: &'a QueueCounts, now: Instant) -> Self {
        let (mut pending, mut paused, mut parked) = (queue.pending, 0, queue.parked);
        if queue.is_paused(now) {
            (pending, paused) = (0, queue.pending);
        } else if queue.is_unserved {
            (pending, parked) = (0, queue.parked + queue.pending);
        }
        Self {
            target: &queue.target,
            policy: &queue.policy,
            pending,
            paused,
            parked,
            delivered: queue.delivered,
            failed: queue.failed,
            unknown: queue.unknown,
            cancelled: queue.cancelled,
            held_until: queue.held_until.filter(|until| *until > now).map(written),
        }
    }

    fn counts(&self) -> [u64; 7] {
        [self.pending, self.paused, self.parked, self.delivered, self.failed, self.unknown, self.cancelled]
    }
}

impl Stats {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let calls = self.store.open()?;
        let queues = calls.counts().map_err(|error| self.store.failed(&error))?;
        let now = Instant::since_epoch();
        let lines: Vec<Line<'_>> = queues.iter().map(|queue| Line::of(queue, now)).collect();
        let mut out = output();
        if self.json {
            for line in &lines {
                json_line(&mut out, line)?;
            }
        } else {
            table(&mut out, &lines)?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn table(out: &mut impl Write, lines: &[Line<'_>]) -> Result<(), Failure> {
    const NAMES: [&str; 7] = ["pending", "paused", "parked", "delivered", "failed", "unknown", "cancelled"];
    let width = |name: fn(&Line<'_>) -> usize| lines.iter().map(name).max().unwrap_or(0).clamp(6, 50);
    let (target, policy) = (width(|line| line.target.chars().count()), width(|line| line.policy.chars().count()));
    let numbers = |counts: [u64; 7]| -> String {
        counts.iter().zip(NAMES).map(|(count, name)| format!("  {count:>width$}", width = name.len())).collect()
    };
    let names: String = NAMES.iter().map(|name| format!("  {name}")).collect();
    writeln!(out, "{:target$}  {:policy$}{names}", "target", "policy")?;
    let mut all = [0; 7];
    for line in lines {
        let counts = line.counts();
        all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        writeln!(out, "{:target$}  {:policy$}{}", line.target, line.policy, numbers(counts))?;
    }
    writeln!(out, "{:target$}  {:policy$}{}", "all", "", numbers(all))?;
    Ok(())
}
