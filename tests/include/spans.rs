//! What a subscriber prints of the spans and events of calls. Test programs include this file by its path: a crate of
//! it would switch on feature `tracing` for all of them.

#![allow(dead_code, reason = "each program has use for some of it")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Holds what was printed so far.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Blocks until this was printed, by whichever thread.
    pub(crate) fn wait_for(&self, text: &str) {
        let started = Instant::now();
        while !self.text().contains(text) {
            assert!(started.elapsed() < Duration::from_secs(60), "{text:?} is not in {}", self.text());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Returns what a subscriber prints while something runs: one line for each span that closes, and for each event.
pub(crate) fn printed(run: impl FnOnce()) -> Vec<String> {
    lines(LevelFilter::DEBUG, false, |_| run())
}

/// Returns what a subscriber of this level prints, each line with its level.
pub(crate) fn printed_with_levels(level: LevelFilter, run: impl FnOnce(&Lines)) -> Vec<String> {
    lines(level, true, run)
}

fn lines(level: LevelFilter, shows_levels: bool, run: impl FnOnce(&Lines)) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(FmtSpan::CLOSE)
        .without_time()
        .with_target(false)
        .with_level(shows_levels)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = subscriber.set_default();
    run(&lines);
    drop(guard);
    // How long a span was open is real time, and printed last. A level is set flush right.
    lines.text().lines().map(|line| line.split(" close").next().unwrap().trim_start().to_owned()).collect()
}
