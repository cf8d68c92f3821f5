//! Where attempts in flight live: one slot a lane, in the future of the call itself.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

/// Room for this many attempts at once, each of which takes the size of an attempt's future.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<const LANES: usize>;

/// How many lanes there can be room for: 1 to 8, 12 and 16.
pub trait Room {
    /// The slots for that many attempts.
    type Slots<A: Future>: Slots<A>;
}

/// A row of slots, each of which holds an attempt in flight or nothing.
pub trait Slots<A: Future>: Default {
    /// The slot of a lane; `None` if there is no room for that lane.
    fn slot(self: Pin<&mut Self>, lane: u8) -> Option<Pin<&mut Option<A>>>;

    /// Puts an attempt into its lane. What was there is dropped.
    #[inline]
    fn put(self: Pin<&mut Self>, lane: u8, attempt: A) {
        if let Some(mut slot) = self.slot(lane) {
            slot.set(Some(attempt));
        }
    }

    /// Drops what is in a lane.
    #[inline]
    fn clear(self: Pin<&mut Self>, lane: u8) {
        if let Some(mut slot) = self.slot(lane) {
            slot.set(None);
        }
    }

    /// Polls the attempt of a lane, and drops it once it is ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, lane: u8, context: &mut Context<'_>) -> Poll<A::Output> {
        let Some(mut slot) = self.slot(lane) else { return Poll::Pending };
        match slot.as_mut().as_pin_mut().map(|attempt| attempt.poll(context)) {
            Some(Poll::Ready(outcome)) => {
                slot.set(None);
                Poll::Ready(outcome)
            }
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }
}

pin_project! {
    /// One slot, and those after it: an array whose places can be pinned without unsafe code.
    #[derive(Debug)]
    pub struct Slot<A, Rest> {
        #[pin]
        attempt: Option<A>,
        #[pin]
        rest: Rest,
    }
}

impl<A, Rest: Default> Default for Slot<A, Rest> {
    #[inline]
    fn default() -> Self {
        Self { attempt: None, rest: Rest::default() }
    }
}

impl<A: Future> Slots<A> for () {
    #[inline]
    fn slot(self: Pin<&mut Self>, _: u8) -> Option<Pin<&mut Option<A>>> {
        None
    }
}

impl<A: Future, Rest: Slots<A>> Slots<A> for Slot<A, Rest> {
    #[inline]
    fn slot(self: Pin<&mut Self>, lane: u8) -> Option<Pin<&mut Option<A>>> {
        let this = self.project();
        match lane.checked_sub(1) {
            None => Some(this.attempt),
            Some(lane) => this.rest.slot(lane),
        }
    }
}

macro_rules! room {
    ($($lanes:literal: $($slot:ident)+;)+) => {
        $(
            impl Room for Lanes<$lanes> {
                type Slots<A: Future> = room!(@ A $($slot)+);
            }
        )+
    };
    (@ $attempt:ident) => { () };
    (@ $attempt:ident $first:ident $($rest:ident)*) => { Slot<$attempt, room!(@ $attempt $($rest)*)> };
}

room! {
    1: a;
    2: a a;
    3: a a a;
    4: a a a a;
    5: a a a a a;
    6: a a a a a a;
    7: a a a a a a a;
    8: a a a a a a a a;
    12: a a a a a a a a a a a a;
    16: a a a a a a a a a a a a a a a a;
}
