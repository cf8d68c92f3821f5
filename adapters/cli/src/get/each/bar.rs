//! Shows how many of the URLs are fetched, on a terminal only.

use std::io::{IsTerminal, stderr, stdout};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TICK: Duration = Duration::from_millis(100);

/// A progress bar. Dropping it clears the line.
pub(super) struct Bar {
    bar: ProgressBar,
    gave_up: usize,
}

impl Bar {
    /// Makes a bar, which is shown only if standard error is a terminal and the bodies do not go to one.
    pub(super) fn new(urls: usize, bodies_to_stdout: bool, is_silent: bool) -> Self {
        let is_wanted = !is_silent && stderr().is_terminal() && !(bodies_to_stdout && stdout().is_terminal());
        let target = if is_wanted { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(urls as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {elapsed} {msg}") {
            bar.set_style(style);
        }
        if is_wanted {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, gave_up: 0 }
    }

    /// Counts one more URL as ended.
    pub(super) fn add(&mut self, has_given_up: bool) {
        self.gave_up += usize::from(has_given_up);
        self.bar.inc(1);
    }

    /// Shows how many URLs wait for a retry, and how many gave up.
    pub(super) fn show(&self, waiting: usize) {
        let told = [(waiting, "waiting"), (self.gave_up, "gave up")];
        let told = told.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        self.bar.set_message(told.collect::<Vec<_>>().join(", "));
    }

    /// Hides the bar while a function writes to standard error.
    pub(super) fn suspended(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
