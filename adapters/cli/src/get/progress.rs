//! Shows the progress of a long fetch, on a terminal only.

use std::io::{IsTerminal, stderr, stdout};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use insist_core::{Action, Decision, WaitReason};
use insist_ureq::insisting::Event;

/// The time after which progress is shown.
const LONG: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// The progress of a fetch. Dropping it clears the line.
pub(super) struct Progress {
    bar: ProgressBar,
    shower: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Makes a progress, which is shown only if standard error is a terminal and the body does not go to one.
    pub(super) fn new(body_to_stdout: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let is_wanted = stderr().is_terminal() && !(body_to_stdout && stdout().is_terminal());
        Self { shower: is_wanted.then(|| show_later(bar.clone())), bar }
    }

    /// Begins to show the body, with its length if it is known.
    pub(super) fn begin(&self, length: Option<u64>) {
        if self.shower.is_none() {
            return;
        }
        let style = match length {
            Some(length) => {
                self.bar.set_length(length);
                "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}"
            }
            None => "{spinner} {bytes} {bytes_per_sec} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(style) {
            self.bar.set_style(style);
        }
        // The speed counts from here: waits before the body are no part of it.
        self.bar.reset_elapsed();
        self.bar.reset_eta();
    }

    pub(super) fn add(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Makes a hook that shows what the call does before its body begins.
    pub(super) fn hook(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let bar = self.shower.is_some().then(|| self.bar.clone());
        move |event| {
            if let (Some(bar), Decision::Action(action)) = (&bar, &event.decision) {
                if let Some(what) = about(action) {
                    bar.set_message(what);
                }
            }
        }
    }

    /// Hides the progress while a function writes to standard error.
    pub(super) fn suspended(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }
}

fn show_later(bar: ProgressBar) -> (Sender<()>, JoinHandle<()>) {
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    let (ended, end) = channel();
    let shower = std::thread::spawn(move || {
        if end.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(TICK);
        }
    });
    (ended, shower)
}

fn about(action: &Action) -> Option<String> {
    match action {
        Action::Send(attempt) => Some(format!("attempt {}", attempt.id)),
        Action::Wait { reason: WaitReason::Backoff, .. } => Some("waiting before the next attempt".into()),
        Action::Wait { reason: WaitReason::Gate, .. } => Some("waiting for a gate".into()),
        _ => None,
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((ended, shower)) = self.shower.take() {
            drop(ended);
            // If the thread has panicked, there is nothing to clear.
            let _ = shower.join();
            self.bar.finish_and_clear();
        }
    }
}
