//! A hook that keeps the log of a call, with a detail of each outcome.

use super::hook::Hook;
use super::recording::Recording;
use crate::call::Handled;
use crate::event::{Decision, Event};
use crate::log::Log;
use crate::policy::Policy;
use crate::time::Instant;

/// For drivers: keeps the log of a call, and hands on what it sees to another hook.
#[derive(Debug)]
pub struct Recorder<H, F, D> {
    hook: H,
    describe: F,
    recording: Recording<D>,
    /// What is to be said of the outcome that is being judged.
    current: Option<D>,
}

impl<H, F, D> Recorder<H, F, D> {
    /// Keeps the log of a call with this policy; the function says what the log is to tell of an outcome.
    pub const fn new<B>(hook: H, policy: &Policy<B>, describe: F) -> Self {
        Self { hook, describe, recording: Recording::new(policy), current: None }
    }

    /// The same, before another hook.
    pub fn with_hook<H2>(self, hook: H2) -> Recorder<H2, F, D> {
        let Self { describe, recording, current, .. } = self;
        Recorder { hook, describe, recording, current }
    }

    /// When the call started, once an event has told it.
    pub const fn started(&self) -> Option<Instant> {
        self.recording.started()
    }

    /// The log; what comes after it would begin another.
    pub fn take_log(&mut self) -> Log<D> {
        self.recording.take_log()
    }
}

impl<T, E, H, F, D> Hook<T, E> for Recorder<H, F, D>
where
    H: Hook<T, E>,
    F: FnMut(&Result<T, E>) -> D,
{
    const LOOKS: bool = true;

    fn outcome(&mut self, attempt: u32, outcome: &Result<T, E>) {
        self.current = Some((self.describe)(outcome));
        self.hook.outcome(attempt, outcome);
    }

    fn see(&mut self, event: &Event) {
        if let Decision::Judged { attempt, handled, .. } = event.decision {
            let detail = self.current.take();
            if let (Some(detail), Handled::Counted | Handled::Over) = (detail, handled) {
                self.recording.detail(attempt, detail);
            }
        }
        self.recording.see(event);
        self.hook.see(event);
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;
    use crate::action::Action;
    use crate::attempt::{Attempt, Kind};
    use crate::verdict::Verdict;

    #[test]
    fn each_outcome_that_counts_is_described_in_the_log_and_the_hook_sees_everything() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let mut seen = 0;
        let describe = |outcome: &Result<u8, u8>| alloc::format!("{outcome:?}");
        let mut recorder: Recorder<_, _, String> =
            Recorder::new((), &Policy::zero(), describe).with_hook(|_: &Event| seen += 1);
        let judged = |attempt, handled| Decision::Judged { attempt, verdict: Verdict::Stop, handled };
        for id in [1, 2] {
            let sent = Decision::Action(Action::Send(Attempt::new(id, 0, 0, Kind::First, u64::MAX)));
            Hook::<u8, u8>::see(&mut recorder, &Event::new(at(id.into()), sent));
        }
        recorder.outcome(2, &Err(7));
        Hook::<u8, u8>::see(&mut recorder, &Event::new(at(5), judged(2, Handled::Late)));
        recorder.outcome(1, &Ok(8));
        Hook::<u8, u8>::see(&mut recorder, &Event::new(at(6), judged(1, Handled::Over)));
        assert_eq!(recorder.started(), Some(at(1)));
        assert_eq!(
            recorder.take_log().to_string(),
            "attempt 1 (first in lane 0): sent at 1ms, ended at 6ms: stop (Ok(8))\n\
             attempt 2 (first in lane 0): sent at 2ms, in flight\n"
        );
        assert!(recorder.take_log().entries().is_empty());
        drop(recorder);
        assert_eq!(seen, 4);
    }
}
