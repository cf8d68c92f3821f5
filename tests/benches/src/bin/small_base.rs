//! The base of the small programs: reads a file, and tries again by hand.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

fn fetch() -> std::io::Result<String> {
    std::fs::read_to_string(std::env::args_os().nth(1).unwrap_or_default())
}

fn main() -> ExitCode {
    let mut retry = 0;
    let result = loop {
        match fetch() {
            Err(_) if retry < 4 => {
                sleep(Duration::from_millis(100 << retry));
                retry += 1;
            }
            result => break result,
        }
    };
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
