//! Records what happens while a world runs.

use std::time::Duration;

use insist_core::{Kind, Reason};

use super::recovery::recovers;
use super::{Outcome, Slice};
use crate::times::nanos;
use crate::world::World;

/// Says how a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Succeeded,
    GaveUp(Reason, Option<&'static str>),
}

/// The least width of a slice, and the most, unless there would be too many.
const WIDTHS: (u64, u64) = (1_000_000, 1_000_000_000);
/// The slices that a run has at least, where their least width allows it.
const SLICES: u64 = 60;
/// The slices that a run has at most, however long it is.
const MOST_SLICES: u64 = 100_000;

#[derive(Debug)]
pub(crate) struct Recorder {
    outcome: Outcome,
    /// When calls that count begin, and when no more do.
    window: (u64, u64),
    width: u64,
    troubles: Vec<(Duration, Duration)>,
    open: u64,
}

impl Recorder {
    pub(crate) fn new(world: &World) -> Self {
        let from = nanos(world.warm_up);
        let lasting = nanos(world.lasting);
        let width = (lasting / SLICES).clamp(WIDTHS.0, WIDTHS.1).max(lasting / MOST_SLICES);
        let slices = vec![Slice::default(); lasting.div_ceil(width) as usize];
        let shifted = |instant: Duration| instant.saturating_sub(world.warm_up);
        let troubles = world.troubles().into_iter().map(|(_, from, until)| (shifted(from), shifted(until)));
        Self {
            outcome: Outcome { slices, width: Duration::from_nanos(width), ..Outcome::default() },
            window: (from, from.saturating_add(lasting)),
            width,
            troubles: troubles.collect(),
            open: 0,
        }
    }

    const fn counts(&self, began: u64) -> bool {
        self.window.0 <= began && began < self.window.1
    }

    fn slice(&mut self, instant: u64) -> Option<&mut Slice> {
        let since = instant.checked_sub(self.window.0)?;
        self.outcome.slices.get_mut((since / self.width) as usize)
    }

    pub(crate) fn event(&mut self, live: usize) {
        self.outcome.events += 1;
        self.outcome.most_live = self.outcome.most_live.max(live as u64);
    }

    pub(crate) fn begun(&mut self, now: u64) {
        if self.counts(now) {
            self.open += 1;
            self.outcome.calls += 1;
            if let Some(slice) = self.slice(now) {
                slice.calls += 1;
            }
        }
    }

    pub(crate) fn sent(&mut self, now: u64, began: u64, kind: Kind) {
        if let Some(slice) = self.slice(now) {
            slice.sends += 1;
        }
        if self.counts(began) {
            self.outcome.sends += 1;
            self.outcome.hedges += u64::from(kind == Kind::Hedge);
        }
    }

    pub(crate) fn ended(&mut self, now: u64, began: u64, sends: u32, end: End) {
        if !self.counts(began) {
            return;
        }
        self.open -= 1;
        let span = now - began;
        self.outcome.all_times.add(span);
        self.outcome.most_sends = self.outcome.most_sends.max(sends);
        self.outcome.ended_at = self.outcome.ended_at.max(Duration::from_nanos(now - self.window.0));
        match end {
            End::Succeeded => {
                self.outcome.succeeded += 1;
                self.outcome.success_times.add(span);
                if let Some(slice) = self.slice(began) {
                    slice.succeeded += 1;
                }
            }
            End::GaveUp(reason, refusal) => {
                *self.outcome.reasons.entry(reason.as_str()).or_default() += 1;
                if let Some(refusal) = refusal {
                    *self.outcome.refusals.entry(refusal).or_default() += 1;
                }
            }
        }
    }

    /// Counts a call that has not ended by now.
    pub(crate) fn unfinished(&mut self, now: u64, began: u64) {
        if self.counts(began) {
            self.outcome.unfinished += 1;
            self.outcome.all_times.add(now - began);
        }
    }

    /// Returns whether every call that counts and has begun is over.
    pub(crate) const fn is_complete(&self) -> bool {
        self.open == 0
    }

    pub(crate) fn finish(mut self) -> Outcome {
        self.outcome.recovers = recovers(&self.outcome.slices, self.outcome.width, &self.troubles);
        self.outcome
    }
}
