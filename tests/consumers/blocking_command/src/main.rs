use std::process::ExitCode;
use std::time::Duration;

use insist::Policy;
use insist::blocking::{race, retry};

const POLICY: Policy = Policy::constant(Duration::from_millis(1)).attempts(3);
const RACE: Policy = POLICY.lanes(3);

fn main() -> ExitCode {
    let mut lines = vec!["42", "", ""];
    let number = retry(&POLICY, |_| lines.pop().unwrap_or_default().parse::<u32>()).try_call();
    let fastest = race(&RACE, |attempt| {
        std::thread::sleep(Duration::from_millis(if attempt.lane == 1 { 0 } else { 200 }));
        Ok::<_, std::io::Error>(attempt.lane)
    })
    .call();
    match (number, fastest) {
        (Ok(42), Ok(1)) => ExitCode::SUCCESS,
        (Err(error), _) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
        other => {
            eprintln!("{other:?}");
            ExitCode::FAILURE
        }
    }
}
