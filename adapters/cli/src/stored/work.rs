//! `insist work`: sends what is due in a store.

use std::collections::HashMap;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use insist_core::{Instant, Verdict};
use insist_store::http::Sender;
use insist_store::{Attempt, Calls, Outcome, QueueCounts, StoreError, Working};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::definition::Definition;
use super::open::{StoreOption, told};
use super::time::duration;
use crate::exit::Failure;
use crate::fetch::agent;

/// Sets how often to look whether policies have changed, or anything is left.
const LOOK: Duration = Duration::from_millis(100);

/// Send what is due in a store, until it is stopped
///
/// Any number of workers may work on one store. One that is killed loses nothing: what it had in flight is taken over once its
/// lease has ended, 30s after the attempt's timeout by default. SIGINT and SIGTERM let it finish what it has in flight; a second
/// one ends it at once.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Work {
    #[command(flatten)]
    store: StoreOption,

    /// Make at most so many attempts at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,

    /// Make at most so many of them to one host [default: half of --threads]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    per_target: Option<u16>,

    /// Let the lease of an attempt go on for so long after its timeout
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = margin)]
    lease_margin: Duration,

    /// End once nothing is pending that is not paused or parked
    #[arg(long)]
    until_empty: bool,

    /// Print a line for each attempt to standard error
    #[arg(long)]
    log: bool,
}

const EXAMPLES: &str = "\
Examples:
  insist work --store calls.db
  insist work --store calls.db --threads 32 --per-target 4 --until-empty

Exit status: 0 nothing is pending, or it was told to stop; 1 the store failed; 2 usage error.";

impl Work {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let calls = self.store.open()?;
        let is_told_to_stop = stop_signals()?;
        let progress = self.progress();
        let mut crew = Crew::default();
        let mut was_away = false;
        while !is_told_to_stop.load(Ordering::Relaxed) {
            match self.look(&calls, &mut crew) {
                Ok(counts) => {
                    was_away = false;
                    progress.set_message(summary(&counts));
                    if self.until_empty && is_empty(&counts) {
                        break;
                    }
                }
                // It may come back, and workers go on trying.
                Err(error) if error.is_transient() => {
                    if !was_away {
                        progress
                            .suspend(|| eprintln!("insist: {}: {}; trying again", self.store.place(), told(&error)));
                    }
                    was_away = true;
                }
                Err(error) => return Err(self.store.failed(&error)),
            }
            std::thread::sleep(LOOK);
        }
        progress.finish_and_clear();
        crew.working.map_or(Ok(()), Working::stop).map_err(|error| self.store.failed(&error))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Looks whether policies have changed, and how many calls there are.
    fn look(&self, calls: &Calls, crew: &mut Crew) -> Result<Vec<QueueCounts>, StoreError> {
        let definitions = definitions(calls)?;
        if definitions != crew.definitions {
            // Attempts in flight end first, by the policy that they began with.
            drop(crew.working.take());
            crew.working = self.start(calls, &definitions)?;
            crew.definitions = definitions;
        }
        match crew.working.as_ref().and_then(Working::error) {
            Some(error) => Err(error),
            None => calls.counts(),
        }
    }

    fn start(&self, calls: &Calls, definitions: &HashMap<String, Definition>) -> Result<Option<Working>, StoreError> {
        if definitions.is_empty() {
            return Ok(None);
        }
        let agent = agent();
        let sender = |definition: &Definition| Sender::new().agent(agent.clone()).rules(definition.rules());
        let senders: HashMap<String, Sender> =
            definitions.iter().map(|(name, definition)| (name.clone(), sender(definition))).collect();
        let senders = Arc::new(senders);
        let mut workers = calls.workers().threads(self.threads.into()).lease_margin(self.lease_margin);
        if let Some(per_target) = self.per_target {
            workers = workers.per_target(per_target.into());
        }
        for (name, definition) in definitions {
            workers = workers.policy(name, definition.policy);
        }
        let log = self.log;
        let handler = move |attempt: &Attempt<'_>| {
            let outcome = match senders.get(attempt.policy()) {
                Some(sender) => sender.send(attempt),
                None => Outcome::new(Verdict::retry().unsent()),
            };
            if log {
                eprintln!("insist: {} attempt {}: {outcome}", attempt.key(), attempt.id());
            }
            outcome
        };
        workers.start(handler).map(Some)
    }

    fn progress(&self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if stderr().is_terminal() && !self.log {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(LOOK);
        }
        bar
    }
}

/// Workers that have started, and the policies that they have.
#[derive(Default)]
struct Crew {
    working: Option<Working>,
    definitions: HashMap<String, Definition>,
}

/// Returns what the first signal to stop sets. The second ends the process at once.
fn stop_signals() -> Result<Arc<AtomicBool>, Failure> {
    let is_set = Arc::new(AtomicBool::new(false));
    let failed = |error| Failure::Failed(format!("signals cannot be listened to: {error}"));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_default(signal, Arc::clone(&is_set)).map_err(failed)?;
        flag::register(signal, Arc::clone(&is_set)).map_err(failed)?;
    }
    Ok(is_set)
}

/// Reads the margin of a lease: at least a second.
fn margin(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        margin if margin < Duration::from_secs(1) => {
            Err("a lease needs at least 1s after the attempt's timeout".into())
        }
        margin => Ok(margin),
    }
}

/// The policies that `insist later` has kept. One that this insist cannot read is left to a newer one.
fn definitions(calls: &Calls) -> Result<HashMap<String, Definition>, StoreError> {
    let read = |policy: insist_store::StoredPolicy| {
        let definition = serde_json::from_str(&policy.definition?).ok()?;
        Some((policy.name, definition))
    };
    Ok(calls.policies()?.into_iter().filter_map(read).collect())
}

/// Returns whether nothing is left that a worker could send, now or later.
fn is_empty(counts: &[QueueCounts]) -> bool {
    let now = Instant::since_epoch();
    counts.iter().all(|queue| queue.pending == 0 || queue.is_paused(now) || queue.is_unserved)
}

fn summary(counts: &[QueueCounts]) -> String {
    let sum = |count: fn(&QueueCounts) -> u64| counts.iter().map(count).sum::<u64>();
    let (pending, delivered) = (sum(|queue| queue.pending), sum(|queue| queue.delivered));
    let (failed, unknown) = (sum(|queue| queue.failed), sum(|queue| queue.unknown));
    format!("{pending} pending, {delivered} delivered, {failed} failed, {unknown} unknown")
}
