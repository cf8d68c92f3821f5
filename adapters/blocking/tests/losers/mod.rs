//! Losers of a race that hang until they are cancelled, and tell of it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use insist_blocking::LiveAttempt;

/// The attempts that told of their cancel, as many as are expected, by id.
pub(crate) fn heard(hears: &Receiver<u32>, count: usize) -> Vec<u32> {
    let told = || hears.recv_timeout(Duration::from_secs(60)).expect("every loser is told");
    let mut heard: Vec<u32> = (0..count).map(|_| told()).collect();
    heard.sort_unstable();
    heard
}

/// Blocks until the attempt is cancelled, and tells.
pub(crate) fn hang(attempt: &LiveAttempt<'_>, told: &Sender<u32>) {
    let (sender, receiver) = channel();
    attempt.on_cancel(move || sender.send(()).unwrap());
    _ = receiver.recv();
    _ = told.send(attempt.id);
}
