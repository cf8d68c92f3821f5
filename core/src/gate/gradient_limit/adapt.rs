//! The limit adapts: windows end, and the least latency is measured.
//!
//! What is due is done by the one thread that takes it; the others go on meanwhile. Only that thread sets the limit.

use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::GradientLimit;
use super::formula;
use crate::draw::mix;
use crate::gate::dice::up_to;
use crate::gate::ring::{Ring, set};
use crate::gate::slots::{ANSWERS, AtomicU64};

/// Nothing is due: a thread works out a window, or the least latency is measured.
const TAKEN: u64 = u64::MAX;

/// As many windows in a row at the least limit make it measure anew.
const LOW_WINDOWS: u64 = 5;

#[derive(Debug)]
pub(super) struct Adapting {
    /// The instant at which the window ends or the least latency is to be measured.
    due: AtomicU64,
    /// The instant at which it is to be measured again.
    measured_again: AtomicU64,
    /// The instant at which measuring began last. What was sent before says nothing.
    since: AtomicU64,
    /// The limit to go back to once the least latency is measured; 0 while it is not.
    kept: AtomicU64,
    /// The least latency; 0 as long as there is none.
    least: AtomicU64,
    /// The windows in a row that have left the limit at the least.
    low: AtomicU64,
    /// The latencies of this window, or of this measuring.
    heard: AtomicU64,
    ring: Ring<ANSWERS>,
}

impl Adapting {
    pub(super) const fn new() -> Self {
        let [due, measured_again, since, kept, least, low, heard] = [const { AtomicU64::new(0) }; 7];
        Self { due, measured_again, since, kept, least, low, heard, ring: Ring::new() }
    }

    pub(super) fn is_measuring(&self) -> bool {
        self.kept.load(Acquire) > 0
    }
}

impl GradientLimit {
    pub(super) fn least_latency_now(&self) -> u64 {
        if self.known > 0 { self.known } else { self.adapting.least.load(Acquire) }
    }

    /// Does what is due, if no other thread does.
    pub(super) fn adapt(&self, now: u64) {
        let adapting = &self.adapting;
        let due = adapting.due.load(Acquire);
        if due == TAKEN || now < due || adapting.due.compare_exchange(due, TAKEN, AcqRel, Acquire).is_err() {
            return;
        }
        if self.known == 0 && now >= adapting.measured_again.load(Acquire) {
            self.measure(now);
        } else {
            self.end_window(now);
        }
    }

    /// Begins to measure. Who ends it sets what is due next.
    fn measure(&self, now: u64) {
        let adapting = &self.adapting;
        let (limit, _) = self.flight.read();
        self.take_latency();
        put(&adapting.since, now);
        self.flight.set(self.least);
        put(&adapting.kept, limit.into());
    }

    fn end_window(&self, now: u64) {
        let adapting = &self.adapting;
        if let Some(latency) = self.take_latency() {
            let (limit, _) = self.flight.read();
            let least = formula::with_buffer(self.least_latency_now(), self.buffer);
            let next = formula::next(limit, least, latency).clamp(self.least, self.most);
            self.flight.set(next);
            let is_low = limit == self.least && next == self.least;
            let low = set(&adapting.low, |low| if is_low { low + 1 } else { 0 });
            if self.known == 0 && is_low && low + 1 >= LOW_WINDOWS {
                return self.measure(now);
            }
        }
        self.begin_window(now);
    }

    fn begin_window(&self, now: u64) {
        let again = if self.known > 0 { TAKEN } else { self.adapting.measured_again.load(Acquire) };
        // One before the last instant: the last means that it is taken.
        put(&self.adapting.due, now.saturating_add(self.window).min(again).min(TAKEN - 1));
    }

    /// The percentile of the latencies since the last time; those of threads that are late are of the next.
    fn take_latency(&self) -> Option<u64> {
        put(&self.adapting.heard, 0);
        self.adapting.ring.drain(self.percentile)
    }

    /// Hears how long an attempt took that was sent then.
    pub(super) fn hear(&self, now: u64, sent: u64, latency: u64, is_answer: bool) {
        let adapting = &self.adapting;
        let kept = adapting.kept.load(Acquire);
        if sent < adapting.since.load(Acquire) || (kept > 0 && !is_answer) {
            return;
        }
        let number = set(&adapting.heard, |heard| heard.saturating_add(1));
        // One of 0 would be none.
        adapting.ring.put(number, latency.max(1));
        let is_enough = number.saturating_add(1) >= self.answers.into();
        if kept > 0 && is_enough && adapting.kept.compare_exchange(kept, 0, AcqRel, Acquire).is_ok() {
            self.end_measuring(now, kept as u32);
        }
    }

    fn end_measuring(&self, now: u64, limit: u32) {
        let adapting = &self.adapting;
        if let Some(least) = self.take_latency() {
            put(&adapting.least, least);
        }
        put(&adapting.low, 0);
        self.flight.set(limit);
        let later = up_to((u128::from(self.interval) * 15 / 100) as u64, mix(now));
        put(&adapting.measured_again, now.saturating_add(self.interval).saturating_add(later));
        self.begin_window(now);
    }
}

fn put(word: &AtomicU64, value: u64) {
    set(word, |_| value);
}
