//! The small program with the core and a driver written by hand.

use std::process::ExitCode;
use std::time::Duration;

use insist::{Action, Call, Instant, Policy, Verdict};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

fn fetch() -> std::io::Result<String> {
    std::fs::read_to_string(std::env::args_os().nth(1).unwrap_or_default())
}

fn drive() -> std::io::Result<String> {
    let mut now = Instant::ZERO;
    let mut call = Call::new(&POLICY, &(), now, 42);
    let mut result = Ok(String::new());
    loop {
        match call.poll(now) {
            Action::Send(attempt) => {
                result = fetch();
                let verdict = if result.is_ok() { Verdict::Accept } else { Verdict::retry() };
                call.handle(now, attempt.id, verdict);
            }
            Action::Wait { until: Some(until), .. } => {
                std::thread::sleep(until.saturating_since(now));
                now = until;
            }
            _ => return result,
        }
    }
}

fn main() -> ExitCode {
    let result = drive();
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
