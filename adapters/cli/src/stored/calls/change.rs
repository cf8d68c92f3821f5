//! `insist calls retry`, `revive`, `cancel` and `prune`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use insist_store::{Calls, Filter, Status, StoreError};

use super::list::status;
use crate::exit::{Failure, GAVE_UP};
use crate::output::output;
use crate::stored::open::{StoreOption, told};
use crate::stored::time::duration;

const EXIT: &str = "Exit status: 0 done; 1 one of them could not be, or the store failed; 2 usage error.";
/// Sets how many calls `revive --all` looks at in one go.
const PAGE: usize = 500;

/// Make calls due now, whatever they wait for
#[derive(Args)]
#[command(after_help = EXIT)]
pub(super) struct Retry {
    /// The keys of the calls
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,

    #[command(flatten)]
    store: StoreOption,
}

/// Let calls that failed, are unknown or were cancelled go on, with all their attempts again
///
/// A call that may have reached the server, and must not be sent twice, is not revived.
#[derive(Args)]
#[command(after_help = EXIT)]
pub(super) struct Revive {
    /// The keys of the calls
    #[arg(required_unless_present = "all", value_name = "KEY")]
    keys: Vec<String>,

    #[command(flatten)]
    store: StoreOption,

    /// Revive every call that failed
    #[arg(long, conflicts_with = "keys")]
    all: bool,

    /// Revive only calls to this target, with --all
    #[arg(long, value_name = "TARGET", requires = "all")]
    target: Option<String>,

    /// Revive only calls by this policy, with --all
    #[arg(long, value_name = "NAME", requires = "all")]
    policy: Option<String>,
}

/// Cancel calls: nothing is sent any more, though an attempt in flight goes on
#[derive(Args)]
#[command(after_help = EXIT)]
pub(super) struct Cancel {
    /// The keys of the calls
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,

    #[command(flatten)]
    store: StoreOption,
}

/// Remove calls that are over, and print how many
///
/// Their keys are forgotten: the same key can be enqueued again.
#[derive(Args)]
#[command(after_help = "Exit status: 0 done; 1 the store failed; 2 usage error.")]
pub(super) struct Prune {
    #[command(flatten)]
    store: StoreOption,

    /// Remove calls with this status: delivered, failed, unknown or cancelled; may be given several times [default: delivered]
    #[arg(long, value_name = "STATUS", value_parser = status())]
    status: Vec<Status>,

    /// Remove only calls that ended longer ago than this
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    older_than: Duration,
}

impl Retry {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        each(&self.keys, &self.store.open()?, Calls::retry_now)
    }
}

impl Revive {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let calls = self.store.open()?;
        if self.all {
            return self.revive_all(&calls).map_err(|error| self.store.failed(&error));
        }
        each(&self.keys, &calls, Calls::revive)
    }

    fn revive_all(&self, calls: &Calls) -> Result<ExitCode, StoreError> {
        let mut filter = Filter::new().status(Status::Failed).limit(PAGE);
        if let Some(target) = &self.target {
            filter = filter.target(target);
        }
        if let Some(policy) = &self.policy {
            filter = filter.policy(policy);
        }
        let (mut revived, mut refused) = (0, 0);
        loop {
            let page = calls.list(&filter)?;
            for call in &page {
                match calls.revive(&call.key) {
                    Ok(()) => revived += 1,
                    // It is another's meanwhile, or must not be repeated.
                    Err(StoreError::Status { .. } | StoreError::State { .. } | StoreError::NoCall(_)) => refused += 1,
                    Err(error) => return Err(error),
                }
            }
            let Some(last) = page.last() else { break };
            filter = filter.below(last.id);
        }
        eprintln!("insist: {revived} revived, {refused} that cannot be");
        Ok(ExitCode::SUCCESS)
    }
}

impl Cancel {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        each(&self.keys, &self.store.open()?, Calls::cancel)
    }
}

impl Prune {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let statuses = if self.status.is_empty() { &[Status::Delivered][..] } else { &self.status };
        if let Some(status) = statuses.iter().find(|status| !status.is_over()) {
            return Err(Failure::Usage(format!(
                "--status {status} is one of calls that are not over; cancel them first"
            )));
        }
        let calls = self.store.open()?;
        let mut pruned = 0;
        for status in statuses {
            pruned += calls.prune(*status, self.older_than).map_err(|error| self.store.failed(&error))?;
        }
        let mut out = output();
        writeln!(out, "{pruned}")?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Does something with each call, and says of those with which it cannot be done why.
fn each(keys: &[String], calls: &Calls, act: fn(&Calls, &str) -> Result<(), StoreError>) -> Result<ExitCode, Failure> {
    let mut exit = ExitCode::SUCCESS;
    for key in keys {
        if let Err(error) = act(calls, key) {
            eprintln!("insist: {}", told(&error));
            exit = ExitCode::from(GAVE_UP);
        }
    }
    Ok(exit)
}
