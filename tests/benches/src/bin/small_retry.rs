//! The small program with the crate retry.

use std::process::ExitCode;

use retry::delay::{Exponential, jitter};

fn fetch() -> std::io::Result<String> {
    std::fs::read_to_string(std::env::args_os().nth(1).unwrap_or_default())
}

fn main() -> ExitCode {
    let result = retry::retry(Exponential::from_millis(100).map(jitter).take(4), fetch);
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
