//! Shows what a call does while it does it: on one line of a terminal, and with `--log` as lines that stay.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::{IsTerminal, stderr, stdout};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use insist_core::{Action, Attempt, AttemptEnd, Decision, Hint, Judged, Verdict, WaitReason};
use insist_ureq::Timeout;
use insist_ureq::insisting::Event;
use insist_ureq::{Body, Error};

use super::line::Line;
use crate::say::say_all;
use crate::shown::{foreign, without_secrets};
use crate::span::Rounded;

/// The time after which a terminal shows what is done.
const LONG: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);
const BAR: &str = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const NO_BAR: &str = "{spinner} {bytes} {bytes_per_sec} {elapsed}";
const WORDS: &str = "{spinner} {wide_msg} {elapsed}";

/// Says how a call is shown.
#[derive(Clone)]
pub(super) struct Look {
    /// Each attempt and each wait is a line: `--log` or `--verbose`.
    pub(super) has_lines: bool,
    /// Heads are shown too: `--verbose`.
    pub(super) has_heads: bool,
    /// Nothing moves on a terminal: `--silent`.
    pub(super) is_silent: bool,
    pub(super) hides_queries: bool,
    /// The one address of the call, if there are no replicas.
    pub(super) target: Option<String>,
}

/// Shows a call. Dropping it clears the terminal's line.
pub(super) struct Live {
    board: Arc<Board>,
    shower: Option<(Sender<()>, JoinHandle<()>)>,
}

struct Board {
    bar: ProgressBar,
    is_shown: bool,
    look: Look,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The attempts in flight, and when they were sent.
    in_flight: BTreeMap<u32, (Attempt, Duration)>,
    /// Says why the last attempt that ended did not do.
    why: String,
    has_bar: bool,
}

impl Live {
    /// Makes what shows a call: on a terminal only if the body does not go to one.
    pub(super) fn new(body_to_stdout: bool, look: Look) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let is_wanted = !look.is_silent && stderr().is_terminal() && !(body_to_stdout && stdout().is_terminal());
        let shower = is_wanted.then(|| show_later(bar.clone())).flatten();
        let board = Board { bar, is_shown: shower.is_some(), look, seen: Mutex::default() };
        Self { board: Arc::new(board), shower }
    }

    /// Makes a hook that shows each decision.
    pub(super) fn hook(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let board = Arc::clone(&self.board);
        let is_watched = board.is_shown || board.look.has_lines;
        move |event| {
            if is_watched {
                board.see(event);
            }
        }
    }

    /// Makes what is told of each piece of the body: its length, what there is, and the length of the whole.
    pub(super) fn counter(&self) -> impl Fn(u64, u64, Option<u64>) + Send + Sync + 'static {
        let board = Arc::clone(&self.board);
        move |_, got, total| {
            if board.is_shown {
                board.count(got, total);
            }
        }
    }
}

impl Board {
    fn see(&self, event: &Event<'_>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.decision {
            Decision::Action(Action::Send(attempt)) => {
                seen.in_flight.insert(attempt.id, (*attempt, event.elapsed));
                self.words(&mut seen, Seen::in_flight);
            }
            Decision::Judged(judged) => {
                seen.why = self.why(judged);
                if let Some(sent) = seen.in_flight.remove(&judged.attempt) {
                    self.ended(sent, event.elapsed, judged);
                }
                if matches!(judged.verdict, Verdict::Accept) {
                    self.words(&mut seen, |_| format!("#{} is accepted", judged.attempt));
                }
            }
            Decision::Action(Action::Cancel { attempt, reason }) => {
                if let Some((attempt, sent)) = seen.in_flight.remove(attempt) {
                    let end = AttemptEnd::from(*reason);
                    seen.why = end.to_string();
                    let line = Line { ended: Some(event.elapsed), end: Some(end), ..Line::of(&attempt, sent) };
                    self.line(&line);
                }
            }
            Decision::Action(Action::Wait { until: Some(until), reason }) if seen.in_flight.is_empty() => {
                let wait = until.saturating_since(event.at);
                let why = if *reason == WaitReason::Gate { "a gate holds the next one back" } else { &seen.why };
                let text = format!("waiting {}: {why}, next at {}", Rounded(wait), clock(wait));
                if self.look.has_lines {
                    self.bar.suspend(|| say_all(format_args!("{text}\n")));
                }
                self.words(&mut seen, |_| text);
            }
            _ => {}
        }
    }

    /// Shows words on the terminal.
    fn words(&self, seen: &mut Seen, words: impl FnOnce(&Seen) -> String) {
        if !self.is_shown {
            return;
        }
        if std::mem::take(&mut seen.has_bar) {
            self.style(WORDS);
        }
        self.bar.set_message(words(seen));
    }

    fn count(&self, got: u64, total: Option<u64>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut seen.has_bar, true) {
            if let Some(total) = total {
                self.bar.set_length(total);
            }
            self.style(if total.is_some() { BAR } else { NO_BAR });
            // The speed counts from here: waits before the body are no part of it.
            self.bar.reset_elapsed();
            self.bar.reset_eta();
        }
        self.bar.set_position(got);
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    /// Writes the line of an attempt that ended with an outcome.
    fn ended(
        &self,
        (attempt, sent): (Attempt, Duration),
        ended: Duration,
        judged: &Judged<'_, http::Response<Body>, Error>,
    ) {
        let (mut status, mut error, mut end) = (None, None, AttemptEnd::from(judged.verdict));
        match judged.outcome {
            Some(Ok(answer)) => {
                status = Some(answer.status().as_u16());
                if self.look.has_heads {
                    self.head(answer);
                }
            }
            Some(Err(problem)) => {
                if let (Error::Timeout(timeout), AttemptEnd::Retry(_)) = (problem, end) {
                    end = if *timeout == Timeout::Global { AttemptEnd::Deadline } else { AttemptEnd::Timeout };
                }
                error = Some(self.shown(&problem.to_string()));
            }
            None => {}
        }
        let line = Line { ended: Some(ended), end: Some(end), status, error, ..Line::of(&attempt, sent) };
        self.line(&line);
    }

    fn line(&self, line: &Line) {
        // Which replica an attempt went to is known when the call is over.
        if let (true, Some(target)) = (self.look.has_lines, &self.look.target) {
            self.bar.suspend(|| say_all(format_args!("{}\n", line.to(target))));
        }
    }

    fn head(&self, answer: &http::Response<Body>) {
        let mut text = String::new();
        for line in super::download::head(answer).lines().filter(|line| !line.is_empty()) {
            let _ = writeln!(text, "< {}", foreign(line));
        }
        self.bar.suspend(|| say_all(text));
    }

    fn shown(&self, text: &str) -> String {
        foreign(&without_secrets(text, self.look.hides_queries))
    }

    /// Says why an attempt is followed by another: `status 503, Retry-After 30s`.
    fn why(&self, judged: &Judged<'_, http::Response<Body>, Error>) -> String {
        let mut why = match judged.outcome {
            Some(Ok(answer)) => format!("status {}", answer.status().as_u16()),
            Some(Err(error)) => self.shown(&error.to_string()),
            None => String::from("it could not be started"),
        };
        if let Verdict::Retry(failure) = judged.verdict {
            if let Some(wait) = failure.hint.map(Hint::span) {
                let _ = write!(why, ", Retry-After {}", Rounded(wait));
            }
        }
        why
    }
}

impl Seen {
    fn in_flight(&self) -> String {
        let list: Vec<String> = self.in_flight.keys().map(|id| format!("#{id}")).collect();
        let after = if self.why.is_empty() { String::new() } else { format!(" after {}", self.why) };
        format!("{} in flight{after}", list.join(", "))
    }
}

/// Returns the time of day after a wait, as clocks here show it: `12:04:31`.
fn clock(wait: Duration) -> String {
    let then = jiff::SignedDuration::try_from(wait).ok().and_then(|wait| jiff::Zoned::now().checked_add(wait).ok());
    then.map_or("no time that a clock shows".into(), |then| then.strftime("%H:%M:%S").to_string())
}

/// Shows the bar after a while. `None` where there is no thread to be had.
fn show_later(bar: ProgressBar) -> Option<(Sender<()>, JoinHandle<()>)> {
    if let Ok(style) = ProgressStyle::with_template(WORDS) {
        bar.set_style(style);
    }
    let (ended, end) = channel();
    let shower = Builder::new().spawn(move || {
        if end.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(TICK);
        }
    });
    Some((ended, shower.ok()?))
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some((ended, shower)) = self.shower.take() {
            drop(ended);
            // If the thread has panicked, there is nothing to clear.
            let _ = shower.join();
            self.board.bar.finish_and_clear();
        }
    }
}
