//! The machine as the loop sees it, for any number of lanes.

use insist_core::{Action, AsPolicy, Call, CallEnd, Gate, GaveUp, Handled, Instant, Repeat, SaysNoOutcome, Verdict};
#[cfg(feature = "alloc")]
use insist_core::{Log, Report};

/// A [`Call`] with some number of lanes.
///
/// Its step and its verdict are not inlined: call sites with the same policy and gate types have their own loops and
/// share these functions.
#[allow(unnameable_types, unreachable_pub, reason = "plumbing of Room, which Rust 1.85 takes for unreachable")]
pub trait Machine<P: AsPolicy, G: Gate>: Sized {
    fn start(policy: P, gate: G, repeat: Repeat, now: Instant, seed: u64) -> Self;
    fn is_timeless(&self) -> bool;
    fn step(&mut self, now: Instant) -> Action;
    fn judged(&mut self, now: Instant, attempt: u32, verdict: Verdict) -> Handled;
    fn accepted(&mut self, now: Instant, attempt: u32);
    fn withdraw(&mut self, now: Instant, attempt: u32) -> Handled;
    fn failed(&mut self, now: Instant, attempt: u32) -> Handled;
    fn set_seed(&mut self, seed: u64);
    fn due(&self) -> Option<Instant>;
    #[cfg(feature = "tower")]
    fn cancel(&mut self, now: Instant);
    fn is_over(&self) -> bool;
    fn in_flight_after(&self, attempt: u32) -> Option<(u32, u8)>;
    fn lane_of(&self, attempt: u32) -> Option<u8>;
    fn conclude<T, E>(&self, end: CallEnd<T, E>) -> Result<T, GaveUp<E, T>>;
    fn result<T, E: SaysNoOutcome>(&self, end: CallEnd<T, E>) -> Result<T, E>;
    #[cfg(feature = "alloc")]
    fn report<T, E, D>(
        &self,
        end: CallEnd<T, E>,
        started: Instant,
        log: Log<D>,
    ) -> (Result<T, GaveUp<E, T>>, Report<D>);
}

impl<P: AsPolicy, G: Gate, const LANES: usize> Machine<P, G> for Call<P, G, LANES> {
    #[inline]
    fn start(policy: P, gate: G, repeat: Repeat, now: Instant, seed: u64) -> Self {
        Call::with_lanes(policy, gate, now, seed).repeat(repeat)
    }

    #[inline]
    fn is_timeless(&self) -> bool {
        self.policy().as_policy().is_timeless() && self.gate().is_timeless()
    }

    #[inline(never)]
    fn step(&mut self, now: Instant) -> Action {
        self.poll(now)
    }

    #[inline(never)]
    fn judged(&mut self, now: Instant, attempt: u32, verdict: Verdict) -> Handled {
        self.handle(now, attempt, verdict)
    }

    #[inline(never)]
    fn accepted(&mut self, now: Instant, attempt: u32) {
        self.handle(now, attempt, Verdict::Accept);
    }

    #[inline(never)]
    fn withdraw(&mut self, now: Instant, attempt: u32) -> Handled {
        self.withdraw(now, attempt)
    }

    /// The commonest failure, of which nothing more is known: a verdict that is constant takes half the time.
    #[inline(never)]
    fn failed(&mut self, now: Instant, attempt: u32) -> Handled {
        self.handle(now, attempt, Verdict::retry())
    }

    #[inline]
    fn set_seed(&mut self, seed: u64) {
        self.set_seed(seed);
    }

    #[inline]
    fn due(&self) -> Option<Instant> {
        self.due()
    }

    #[cfg(feature = "tower")]
    #[inline]
    fn cancel(&mut self, now: Instant) {
        self.cancel(now);
    }

    #[inline]
    fn is_over(&self) -> bool {
        self.is_over()
    }

    #[inline]
    fn in_flight_after(&self, attempt: u32) -> Option<(u32, u8)> {
        self.state().in_flight_after(attempt)
    }

    #[inline]
    fn lane_of(&self, attempt: u32) -> Option<u8> {
        self.state().lane_of(attempt)
    }

    #[inline]
    fn conclude<T, E>(&self, end: CallEnd<T, E>) -> Result<T, GaveUp<E, T>> {
        end.conclude(self)
    }

    #[inline]
    fn result<T, E: SaysNoOutcome>(&self, end: CallEnd<T, E>) -> Result<T, E> {
        end.into_result(self)
    }

    #[cfg(feature = "alloc")]
    fn report<T, E, D>(
        &self,
        end: CallEnd<T, E>,
        started: Instant,
        log: Log<D>,
    ) -> (Result<T, GaveUp<E, T>>, Report<D>) {
        end.report(self, started, log)
    }
}
