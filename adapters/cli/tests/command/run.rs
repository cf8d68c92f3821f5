//! Runs the built command and keeps what it said.

use std::process::Output;

use assert_cmd::Command;

/// Holds what a run of the command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn insist(arguments: &[&str]) -> Ran {
    insist_with(arguments, "")
}

pub(crate) fn insist_with(arguments: &[&str], input: &str) -> Ran {
    let output = Command::cargo_bin("insist").unwrap().args(arguments).write_stdin(input).output().unwrap();
    ran(output)
}

/// The same with bytes for what it said.
#[cfg(feature = "ureq")]
pub(crate) fn run_bytes(arguments: &[&str]) -> Output {
    Command::cargo_bin("insist").unwrap().args(arguments).output().unwrap()
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
