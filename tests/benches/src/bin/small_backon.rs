//! The small program with backon.

use std::process::ExitCode;
use std::time::Duration;

use backon::{BlockingRetryable, ExponentialBuilder};

fn fetch() -> std::io::Result<String> {
    std::fs::read_to_string(std::env::args_os().nth(1).unwrap_or_default())
}

fn main() -> ExitCode {
    let backoff = ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_max_times(4).with_jitter();
    let result = fetch.retry(backoff).call();
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
