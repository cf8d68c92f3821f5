//! Hardware that is simulated to the nanosecond, and two clocks on it: one of ticks, as embassy has it, and one of
//! milliseconds, as a browser has it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use insist_futures::testing::Reality;
use insist_futures::{Instant, Timer};

/// The time in nanoseconds, and alarms.
#[derive(Clone, Default)]
pub(crate) struct Hardware(Rc<Inner>);

#[derive(Default)]
struct Inner {
    nanos: Cell<u64>,
    alarms: RefCell<BTreeMap<(u64, u64), Waker>>,
    made: Cell<u64>,
}

impl Reality for Hardware {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.nanos.get())
    }

    fn pass(&self, span: Duration) {
        self.0.nanos.set(self.0.nanos.get() + span.as_nanos() as u64);
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Hardware {
    /// Runs a future; the time passes to the next alarm while it waits.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        loop {
            while flag.0.swap(false, SeqCst) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return output;
                }
            }
            let ((at, _), waker) = self.0.alarms.borrow_mut().pop_first().expect("an alarm is set");
            self.0.nanos.set(self.0.nanos.get().max(at));
            waker.wake();
        }
    }

    fn alarm(&self, nanos: u64) -> Alarm {
        self.0.made.set(self.0.made.get() + 1);
        Alarm { hardware: self.clone(), key: (nanos, self.0.made.get()) }
    }
}

/// Goes off at a nanosecond.
pub(crate) struct Alarm {
    hardware: Hardware,
    key: (u64, u64),
}

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.hardware.0.nanos.get() >= self.key.0 {
            return Poll::Ready(());
        }
        self.hardware.0.alarms.borrow_mut().insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.hardware.0.alarms.borrow_mut().remove(&self.key);
    }
}

/// A clock that counts ticks, and alarms that go off with a tick.
pub(crate) struct Ticks {
    pub(crate) hardware: Hardware,
    pub(crate) tick: u64,
    pub(crate) is_naive: bool,
}

impl Timer for Ticks {
    type Sleep = Alarm;

    fn now(&self) -> Instant {
        Instant::from_nanos(self.hardware.0.nanos.get() / self.tick * self.tick)
    }

    /// embassy's alarms go off when the counter reaches a number.
    fn sleep_until(&self, until: Instant) -> Alarm {
        let tick = if self.is_naive {
            until.as_nanos() / self.tick // rounded down
        } else {
            // Rounded up, and one more: what now called `until - span` may have been almost a tick later.
            until.as_nanos().div_ceil(self.tick).saturating_add(1)
        };
        let is_past = until <= self.now();
        self.hardware.alarm(if is_past { 0 } else { tick.saturating_mul(self.tick) })
    }

    fn seed(&self) -> u64 {
        self.hardware.0.made.set(self.hardware.0.made.get() + 1);
        self.hardware.0.made.get()
    }
}

/// A clock of milliseconds that rounds down, and timeouts that are counted from the call on: `Date.now` and
/// `setTimeout`.
pub(crate) struct Browser {
    pub(crate) hardware: Hardware,
    pub(crate) is_naive: bool,
}

const MILLI: u64 = 1_000_000;

impl Timer for Browser {
    type Sleep = Alarm;

    fn now(&self) -> Instant {
        Instant::from_nanos(self.hardware.0.nanos.get() / MILLI * MILLI)
    }

    fn sleep_until(&self, until: Instant) -> Alarm {
        let left = until.as_nanos().saturating_sub(self.now().as_nanos());
        let millis = match left {
            0 => 0,
            _ if self.is_naive => left / MILLI,
            _ => left.div_ceil(MILLI).saturating_add(1),
        };
        self.hardware.alarm(self.hardware.0.nanos.get().saturating_add(millis.saturating_mul(MILLI)))
    }

    fn seed(&self) -> u64 {
        self.hardware.0.made.set(self.hardware.0.made.get() + 1);
        self.hardware.0.made.get()
    }
}
