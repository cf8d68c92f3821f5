//! The small program with the core and a driver written by hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use insist_core::{Action, Call, Instant, Policy, Verdict};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

/// Fails as often as there are arguments: what the compiler cannot know.
fn fetch() -> Result<usize, usize> {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let sent = SENT.fetch_add(1, Ordering::Relaxed);
    if sent + 1 < std::env::args_os().len() { Err(sent) } else { Ok(sent) }
}

fn drive() -> Result<usize, usize> {
    let mut now = Instant::ZERO;
    let mut call = Call::new(&POLICY, &(), now, 42);
    let mut result = Ok(0);
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

fn main() {
    let result = drive();
    match result {
        Ok(sent) => println!("{sent}"),
        Err(sent) => eprintln!("failed: {sent}"),
    }
}
