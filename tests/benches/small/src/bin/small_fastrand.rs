//! The small program by hand, with full jitter by fastrand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// Fails as often as there are arguments: what the compiler cannot know.
fn fetch() -> Result<usize, usize> {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let sent = SENT.fetch_add(1, Ordering::Relaxed);
    if sent + 1 < std::env::args_os().len() { Err(sent) } else { Ok(sent) }
}

fn main() {
    let mut retry = 0;
    let result = loop {
        match fetch() {
            Err(_) if retry < 4 => {
                sleep(Duration::from_millis(fastrand::u64(0..=100 << retry)));
                retry += 1;
            }
            result => break result,
        }
    };
    match result {
        Ok(sent) => println!("{sent}"),
        Err(sent) => eprintln!("failed: {sent}"),
    }
}
