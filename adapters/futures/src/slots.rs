//! Slots for the attempts in flight: one a lane, in the future of the call itself.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

/// A row of slots, each of which holds an attempt in flight or nothing.
#[allow(unnameable_types, unreachable_pub, reason = "plumbing of Room, which Rust 1.85 takes for unreachable")]
pub trait Slots<A: Future>: Default {
    /// The number of slots.
    const COUNT: u8;

    /// Returns the slot of a lane; `None` if there is no room for that lane.
    fn slot(self: Pin<&mut Self>, lane: u8) -> Option<Pin<&mut Option<A>>>;

    /// Puts an attempt into its lane, and drops what was there.
    #[inline]
    fn put(self: Pin<&mut Self>, lane: u8, attempt: A) {
        if let Some(mut slot) = self.slot(lane) {
            slot.set(Some(attempt));
        }
    }

    /// Returns what this says of the attempt in a lane, if there is one and it says something.
    #[inline]
    fn ask<V>(self: Pin<&mut Self>, lane: u8, about: impl FnOnce(&A) -> Option<V>) -> Option<V> {
        self.slot(lane).and_then(|slot| slot.as_ref().get_ref().as_ref().and_then(about))
    }

    /// Drops what is in a lane, after it was given to this.
    #[inline]
    fn take(self: Pin<&mut Self>, lane: u8, with: impl FnOnce(Pin<&mut A>)) {
        if let Some(mut slot) = self.slot(lane) {
            slot.as_mut().as_pin_mut().map(with);
            slot.set(None);
        }
    }

    /// Drops the attempt of a lane.
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
    /// One slot.
    pub struct Slot<A> {
        #[pin]
        attempt: Option<A>,
    }
}

impl<A> Default for Slot<A> {
    #[inline]
    fn default() -> Self {
        Self { attempt: None }
    }
}

impl<A: Future> Slots<A> for Slot<A> {
    const COUNT: u8 = 1;

    #[inline]
    fn slot(self: Pin<&mut Self>, lane: u8) -> Option<Pin<&mut Option<A>>> {
        if lane == 0 { Some(self.project().attempt) } else { None }
    }
}

pin_project! {
    /// Two halves of a row of slots, which can be pinned without unsafe code. Halves of halves are a tree, so that a
    /// row is moved once for each level while it is made (in a debug build), and not once for each lane.
    #[derive(Default)]
    pub struct Halves<L, R> {
        #[pin]
        left: L,
        #[pin]
        right: R,
    }
}

impl<A: Future, L: Slots<A>, R: Slots<A>> Slots<A> for Halves<L, R> {
    const COUNT: u8 = L::COUNT + R::COUNT;

    #[inline]
    fn slot(self: Pin<&mut Self>, lane: u8) -> Option<Pin<&mut Option<A>>> {
        let this = self.project();
        match lane.checked_sub(L::COUNT) {
            None => this.left.slot(lane),
            Some(lane) => this.right.slot(lane),
        }
    }
}
