//! The base of the small programs whose error is std's.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// Fails as often as there are arguments: what the compiler cannot know.
fn fetch() -> io::Result<usize> {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let sent = SENT.fetch_add(1, Ordering::Relaxed);
    if sent + 1 < std::env::args_os().len() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(sent) }
}

fn main() {
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
        Ok(sent) => println!("{sent}"),
        Err(error) => eprintln!("failed: {error}"),
    }
}
