//! Rehearsals: calls that are to be played in virtual time.

use core::time::Duration;

use super::command::command;
use super::rehearsed::Rehearsed;
use crate::backoff::{Backoff, Shape};
use crate::gate::Gate;
use crate::play::{Script, play_with};
use crate::policy::Policy;
use crate::time::Instant;
use crate::verdict::{Repeat, Verdict};

/// A call that is to be played in virtual time; made by [`rehearse`].
#[derive(Debug)]
#[must_use = "nothing is played before play"]
pub struct Rehearsal<'a, B = Shape, G = ()> {
    policy: &'a Policy<B>,
    gate: G,
    repeat: Repeat,
    start: Instant,
    seed: u64,
    script: Script,
}

/// Describes one call of this policy, in which no attempt answers until [`outcome`](Rehearsal::outcome) or
/// [`script`](Rehearsal::script) says so.
pub const fn rehearse<B: Backoff>(policy: &Policy<B>) -> Rehearsal<'_, B> {
    Rehearsal { policy, gate: (), repeat: Repeat::Always, start: Instant::ZERO, seed: 0, script: Script::new() }
}

impl<'a, B: Backoff, G: Gate> Rehearsal<'a, B, G> {
    /// Lets an attempt end so long after it was sent, with this verdict.
    pub fn outcome(self, attempt: u32, after: Duration, verdict: Verdict) -> Self {
        Self { script: self.script.outcome(attempt, after, verdict), ..self }
    }

    /// Puts a whole script in place of the outcomes so far.
    pub fn script(self, script: Script) -> Self {
        Self { script, ..self }
    }

    /// Sets the seed that the waits are drawn from. Default: 0.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets which failures may be followed by another attempt. Default: all.
    pub fn repeat(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }

    /// Sets when the call starts, for calls that share a gate. Default: at 0.
    pub fn start(self, start: Instant) -> Self {
        Self { start, ..self }
    }

    /// Sets the gate: a [`ScriptedGate`](super::ScriptedGate), or one that several rehearsals share. Default: none.
    pub fn gate<H: Gate>(self, gate: H) -> Rehearsal<'a, B, H> {
        let Self { policy, repeat, start, seed, script, .. } = self;
        Rehearsal { policy, gate, repeat, start, seed, script }
    }

    /// Plays the call to its end, or until nothing can end it any more.
    pub fn play(self) -> Rehearsed
    where
        B: 'static,
    {
        let Self { policy, gate, repeat, start, seed, script } = self;
        let timeline = play_with(policy, &gate, repeat, start, seed, &script);
        Rehearsed::new(timeline, start, &script, command(policy, repeat, seed, &script))
    }
}
