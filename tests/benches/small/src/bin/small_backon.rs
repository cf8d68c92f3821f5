//! The small program with backon.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use backon::{BlockingRetryable, ExponentialBuilder};

/// Fails as often as there are arguments: what the compiler cannot know.
fn fetch() -> Result<usize, usize> {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let sent = SENT.fetch_add(1, Ordering::Relaxed);
    if sent + 1 < std::env::args_os().len() { Err(sent) } else { Ok(sent) }
}

fn main() {
    let backoff = ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_max_times(4).with_jitter();
    let result = fetch.retry(backoff).call();
    match result {
        Ok(sent) => println!("{sent}"),
        Err(sent) => eprintln!("failed: {sent}"),
    }
}
