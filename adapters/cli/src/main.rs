//! The `insist` command: fetches with retries, plans waits, replays calls in virtual time, tries policies in worlds, makes worlds from
//! records of incidents, and keeps calls in a store until they are delivered.
//!
//! Exit status: 0 if all went well, 2 if the command line or a script is invalid, 1 or one of `insist get`'s own if a call gave up.

#![forbid(unsafe_code)]

#[cfg(feature = "ureq")]
mod demo;
mod describe;
mod exit;
mod explain;
#[cfg(feature = "ureq")]
mod fetch;
mod gates;
#[cfg(feature = "ureq")]
mod get;
mod options;
mod output;
mod plan;
mod replay;
mod say;
mod shown;
mod simulate;
mod span;
#[cfg(feature = "store")]
mod stored;
mod timeline;
mod words;
mod world;

use std::process::ExitCode;

#[cfg(feature = "ureq")]
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::exit::Failure;

/// Retries, backoff, hedging and deadlines, on the command line.
#[derive(Parser)]
#[command(name = "insist", version, arg_required_else_help = true, after_help = EXIT)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT: &str = "Exit status: 0 accepted, 2 usage error, else a failure; those of `insist get` are in its --help.";

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "ureq")]
    Get(Box<get::Get>),
    Plan(plan::Plan),
    Replay(replay::Replay),
    Simulate(Box<simulate::Simulate>),
    World(world::WorldFrom),
    #[cfg(feature = "store")]
    Later(Box<stored::Later>),
    #[cfg(feature = "store")]
    Work(stored::Work),
    #[cfg(feature = "store")]
    Calls(stored::CallsCommand),
    #[cfg(feature = "ureq")]
    Demo(demo::Demo),
    Completions(words::Completions),
    Man(words::Man),
}

/// Reads the command line; an error says what to use in place of a word that only curl knows.
fn command_line() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        #[cfg(feature = "ureq")]
        if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) {
            if let (ErrorKind::UnknownArgument, Some(instead)) = (error.kind(), get::instead(word)) {
                say::say!(
                    "error: {word} of curl has no meaning here; {instead}\n\nFor more information, try '--help'."
                );
                std::process::exit(exit::USAGE.into());
            }
        }
        error.exit()
    })
}

fn main() -> ExitCode {
    let ended = match command_line().command {
        #[cfg(feature = "ureq")]
        Command::Get(get) => get.run(),
        Command::Plan(plan) => plan.run(),
        Command::Replay(replay) => replay.run(),
        Command::Simulate(simulate) => simulate.run(),
        Command::World(world) => world.run(),
        #[cfg(feature = "store")]
        Command::Later(later) => later.run(),
        #[cfg(feature = "store")]
        Command::Work(work) => work.run(),
        #[cfg(feature = "store")]
        Command::Calls(calls) => calls.run(),
        #[cfg(feature = "ureq")]
        Command::Demo(demo) => demo.run(),
        Command::Completions(completions) => completions.run(Cli::command()),
        Command::Man(man) => man.run(Cli::command()),
    };
    ended.unwrap_or_else(Failure::report)
}
