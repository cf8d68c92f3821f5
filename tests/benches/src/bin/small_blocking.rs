//! The small program with insist-blocking.

use std::process::ExitCode;
use std::time::Duration;

use insist_blocking::{Policy, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

fn fetch() -> std::io::Result<String> {
    std::fs::read_to_string(std::env::args_os().nth(1).unwrap_or_default())
}

fn main() -> ExitCode {
    let result = retry(&POLICY, |_| fetch()).call();
    match result {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
