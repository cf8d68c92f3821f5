//! `insist calls`: shows the calls of a store, and changes them as an operator does.

mod change;
mod line;
mod list;
mod pause;
mod show;
mod stats;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::exit::Failure;

/// Show and change the calls of a store
#[derive(Args)]
pub(crate) struct CallsCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Stats(stats::Stats),
    Retry(change::Retry),
    Revive(change::Revive),
    Cancel(change::Cancel),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Prune(change::Prune),
}

impl CallsCommand {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        match &self.command {
            Command::List(list) => list.run(),
            Command::Show(show) => show.run(),
            Command::Stats(stats) => stats.run(),
            Command::Retry(retry) => retry.run(),
            Command::Revive(revive) => revive.run(),
            Command::Cancel(cancel) => cancel.run(),
            Command::Pause(pause) => pause.run(),
            Command::Resume(resume) => resume.run(),
            Command::Prune(prune) => prune.run(),
        }
    }
}
