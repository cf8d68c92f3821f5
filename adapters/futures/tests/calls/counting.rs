//! A gate that counts what it is asked, and attempts that count how many of them are alive.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use insist_core::{Admission, Cause, Gate, Kind, Refusal, Settled};
use insist_futures::{Attempt, Instant, VirtualTimer};

/// Holds what an attempt ends with: its id.
pub(crate) type Given = Result<u32, u32>;

/// Everything that a call may leave behind, seen from outside. Clones count the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting(Arc<Counts>);

/// Holds what a call has not given back yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Open {
    /// Reserved, and neither sent nor refunded.
    pub(crate) reserved: u32,
    /// Admitted, and not settled.
    pub(crate) admitted: u32,
    /// Attempts that are not dropped.
    pub(crate) alive: u32,
}

impl Open {
    pub(crate) const NOTHING: Self = Self::reserved(0);

    /// So many reservations, and nothing else.
    pub(crate) const fn reserved(reserved: u32) -> Self {
        Self { reserved, admitted: 0, alive: 0 }
    }

    /// The same, and so many attempts in flight.
    pub(crate) const fn in_flight(self, attempts: u32) -> Self {
        Self { admitted: attempts, alive: attempts, ..self }
    }
}

#[derive(Debug, Default)]
struct Counts {
    reserved: AtomicU32,
    admitted: AtomicU32,
    sent: AtomicU32,
    alive: AtomicU32,
    /// Says how long every attempt is held back, in milliseconds.
    held: AtomicU32,
}

impl Counting {
    /// One whose first attempt is held back for so many milliseconds.
    pub(crate) fn holding(millis: u32) -> Self {
        let counting = Self::default();
        counting.0.held.store(millis, SeqCst);
        counting
    }

    /// Returns what is open now.
    pub(crate) fn open(&self) -> Open {
        Open {
            reserved: self.0.reserved.load(SeqCst),
            admitted: self.0.admitted.load(SeqCst),
            alive: self.0.alive.load(SeqCst),
        }
    }

    /// Returns how many attempts were sent.
    pub(crate) fn sent(&self) -> u32 {
        self.0.sent.load(SeqCst)
    }

    /// An attempt that ends like this after so many milliseconds; `None` is never.
    pub(crate) fn attempt(
        &self,
        timer: &VirtualTimer,
        attempt: Attempt,
        end: Option<(u64, bool)>,
    ) -> impl Future<Output = Given> + Send + use<> {
        self.0.sent.fetch_add(1, SeqCst);
        self.0.alive.fetch_add(1, SeqCst);
        let (alive, timer) = (Alive(Arc::clone(&self.0)), timer.clone());
        async move {
            let _alive = alive;
            match end {
                Some((millis, is_ok)) => {
                    timer.sleep(Duration::from_millis(millis)).await;
                    if is_ok { Ok(attempt.id) } else { Err(attempt.id) }
                }
                None => pending().await,
            }
        }
    }
}

struct Alive(Arc<Counts>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

impl Gate for Counting {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        self.0.reserved.fetch_add(1, SeqCst);
        Ok(())
    }

    fn refund(&self, _: Instant, _: &Cause, _: Instant) {
        self.0.reserved.fetch_sub(1, SeqCst);
    }

    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        let held = Duration::from_millis(self.0.held.swap(0, SeqCst).into());
        if !held.is_zero() {
            return now.checked_add(held).map_or(Admission::Yes, Admission::NotBefore);
        }
        self.0.admitted.fetch_add(1, SeqCst);
        if cause.kind != Kind::First {
            self.0.reserved.fetch_sub(1, SeqCst);
        }
        Admission::Yes
    }

    fn settle(&self, _: Instant, _: &Cause, _: &Settled) {
        self.0.admitted.fetch_sub(1, SeqCst);
    }
}

/// Polls once, for nobody.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
