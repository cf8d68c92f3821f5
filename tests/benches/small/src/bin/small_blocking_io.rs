//! The small program with insist-blocking whose error is std's, which can say why a call ended without an outcome.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use insist_blocking::{Policy, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

/// Fails as often as there are arguments: what the compiler cannot know.
fn fetch() -> io::Result<usize> {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let sent = SENT.fetch_add(1, Ordering::Relaxed);
    if sent + 1 < std::env::args_os().len() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(sent) }
}

fn main() {
    let result = retry(&POLICY, |_| fetch()).call();
    match result {
        Ok(sent) => println!("{sent}"),
        Err(error) => eprintln!("failed: {error}"),
    }
}
