//! The small program with insist-blocking.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use insist_blocking::{NoOutcome, Policy, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

/// Says how often it was sent before.
struct Failed(usize);

impl From<NoOutcome> for Failed {
    fn from(_: NoOutcome) -> Self {
        Self(0)
    }
}

/// Fails as often as there are arguments: what the compiler cannot know.
fn fetch() -> Result<usize, Failed> {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let sent = SENT.fetch_add(1, Ordering::Relaxed);
    if sent + 1 < std::env::args_os().len() { Err(Failed(sent)) } else { Ok(sent) }
}

fn main() {
    let result = retry(&POLICY, |_| fetch()).call();
    match result {
        Ok(sent) => println!("{sent}"),
        Err(Failed(sent)) => eprintln!("failed: {sent}"),
    }
}
