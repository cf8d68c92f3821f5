//! `insist calls pause` and `resume`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use insist_core::Instant;
use insist_store::StoreError;

use crate::exit::Failure;
use crate::stored::open::{StoreOption, told};
use crate::stored::time::duration;

const EXIT: &str = "Exit status: 0 done; 1 nothing has that name, or the store failed; 2 usage error.";

/// A target or a policy.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The target, as in https://shop.example
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,

    /// The name of the policy
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
}

/// Pause all calls to a target, or by a policy
///
/// Nothing more is sent for them, by any worker. Their deadlines go on.
#[derive(Args)]
#[command(after_help = EXIT)]
pub(super) struct Pause {
    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    store: StoreOption,

    /// Pause it for so long [default: until it is resumed]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    r#for: Option<Duration>,
}

/// Let all calls to a target, or by a policy, go on, also if a server's hint holds them up
#[derive(Args)]
#[command(after_help = EXIT)]
pub(super) struct Resume {
    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    store: StoreOption,
}

impl Pause {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let calls = self.store.open()?;
        let until = match self.r#for {
            Some(span) => {
                let until = Instant::since_epoch().checked_add(span);
                Some(until.ok_or_else(|| Failure::Usage("--for reaches beyond the year 2262".into()))?)
            }
            None => None,
        };
        done(match (&self.which.target, &self.which.policy) {
            (Some(target), _) => calls.pause_target(target, until),
            (None, policy) => calls.pause_policy(policy.as_deref().unwrap_or_default(), until),
        })
    }
}

impl Resume {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let calls = self.store.open()?;
        done(match (&self.which.target, &self.which.policy) {
            (Some(target), _) => calls.resume_target(target),
            (None, policy) => calls.resume_policy(policy.as_deref().unwrap_or_default()),
        })
    }
}

fn done(result: Result<(), StoreError>) -> Result<ExitCode, Failure> {
    result.map(|()| ExitCode::SUCCESS).map_err(|error| Failure::Failed(told(&error)))
}
