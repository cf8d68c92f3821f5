//! The small program with the crate retry.

use std::sync::atomic::{AtomicUsize, Ordering};

use retry::delay::{Exponential, jitter};

/// Fails as often as there are arguments: what the compiler cannot know.
fn fetch() -> Result<usize, usize> {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let sent = SENT.fetch_add(1, Ordering::Relaxed);
    if sent + 1 < std::env::args_os().len() { Err(sent) } else { Ok(sent) }
}

fn main() {
    let delays = Exponential::from_millis(100).map(jitter).take(4);
    let result = retry::retry(delays, fetch).map_err(|error| error.error);
    match result {
        Ok(sent) => println!("{sent}"),
        Err(sent) => eprintln!("failed: {sent}"),
    }
}
