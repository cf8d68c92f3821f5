//! A bulkhead: only so many attempts in flight at once, so that one slow dependency does not take everything.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::Cause;
use crate::time::Instant;

/// A gate that bounds how many attempts are in flight at once, over all calls that share it (as Hystrix's semaphore
/// isolation does). A full one refuses; with [`waiting`](Self::waiting) it holds attempts back instead.
///
/// ```
/// use insist_core::{Admission, Bulkhead, Cause, Gate, Instant};
///
/// static BULKHEAD: Bulkhead = Bulkhead::new(1);
///
/// assert_eq!(BULKHEAD.admit(Instant::ZERO, &Cause::FIRST), Admission::Yes);
/// assert!(matches!(BULKHEAD.admit(Instant::ZERO, &Cause::FIRST), Admission::No(_)));
/// assert_eq!(BULKHEAD.in_flight(), 1);
/// ```
#[derive(Debug)]
pub struct Bulkhead {
    room: u32,
    in_flight: AtomicU32,
    ask_again: Option<Duration>,
}

impl Bulkhead {
    /// Makes a bulkhead with room for this many attempts in flight; what finds it full is refused. One with room for 0
    /// refuses everything.
    #[must_use]
    pub const fn new(room: u32) -> Self {
        Self { room, in_flight: AtomicU32::new(0), ask_again: None }
    }

    /// Makes what finds it full wait, and ask again after this span; it is refused only if the deadline comes before.
    /// First come, first served is not promised. A span of 0 refuses.
    #[must_use]
    pub const fn waiting(mut self, ask_again: Duration) -> Self {
        self.ask_again = Some(ask_again);
        self
    }

    /// Returns how many attempts are in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Returns how many there is room for.
    #[must_use]
    pub const fn room(&self) -> u32 {
        self.room
    }
}

impl Gate for Bulkhead {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        let enter = |count: u32| if count < self.room { Some(count + 1) } else { None };
        if self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Acquire, enter).is_ok() {
            return Admission::Yes;
        }
        match self.ask_again.and_then(|span| now.checked_add(span)) {
            Some(at) => Admission::NotBefore(at),
            None => Admission::No(Refusal::new(&"bulkhead is full")),
        }
    }

    fn settle(&self, _: Instant, _: &Cause, _: &Settled) {
        let leave = |count: u32| Some(count.saturating_sub(1));
        let _ = self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Acquire, leave);
    }

    fn is_timeless(&self) -> bool {
        self.ask_again.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Call, Policy, Reason, Verdict};

    #[test]
    fn what_finds_it_full_is_refused_and_the_next_is_let_in_when_one_has_ended() {
        let (gate, policy) = (Bulkhead::new(1), Policy::zero());
        let mut first = Call::new(&policy, &gate, Instant::ZERO, 1);
        assert!(matches!(first.poll(Instant::ZERO), Action::Send(_)));
        let mut second = Call::new(&policy, &gate, Instant::ZERO, 1);
        let Action::GiveUp(stop) = second.poll(Instant::ZERO) else { panic!() };
        assert_eq!(stop.reason(), Reason::Refused);
        let _ = first.handle(Instant::ZERO, 1, Verdict::Accept);
        assert_eq!(gate.in_flight(), 0);
        let mut third = Call::new(&policy, &gate, Instant::ZERO, 1);
        assert!(matches!(third.poll(Instant::ZERO), Action::Send(_)));
        drop(third);
        assert_eq!(gate.in_flight(), 0);
    }

    #[test]
    fn a_waiting_one_holds_back_until_there_is_room_or_the_deadline_comes() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let gate = Bulkhead::new(1).waiting(Duration::from_millis(10));
        let policy = Policy::zero().deadline(Duration::from_millis(25));
        let mut first = Call::new(&policy, &gate, at(0), 1);
        assert!(matches!(first.poll(at(0)), Action::Send(_)));
        let mut second = Call::new(&policy, &gate, at(0), 1);
        assert!(matches!(second.poll(at(0)), Action::Wait { until, .. } if until == Some(at(10))));
        let mut third = Call::new(&policy, &gate, at(0), 1);
        assert!(matches!(third.poll(at(0)), Action::Wait { .. }));
        let _ = first.handle(at(9), 1, Verdict::Accept);
        assert!(matches!(second.poll(at(10)), Action::Send(_)));
        assert!(matches!(third.poll(at(10)), Action::Wait { until, .. } if until == Some(at(20))));
        let Action::GiveUp(stop) = third.poll(at(20)) else { panic!() };
        assert_eq!(stop.reason(), Reason::Refused);
    }

    #[test]
    fn it_tells_its_room_and_what_is_in_it() {
        let gate = Bulkhead::new(3);
        assert_eq!([1, 2].map(|_| gate.admit(Instant::ZERO, &Cause::FIRST)), [Admission::Yes; 2]);
        assert_eq!((gate.room(), gate.in_flight()), (3, 2));
    }
}
