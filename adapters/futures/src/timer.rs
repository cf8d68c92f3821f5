//! The trait that gives a call its runtime's clock, sleeps and seeds.

use core::future::Future;

use insist_core::Instant;

/// Gives a call the three things that it needs of a runtime: the time, sleeps and a seed.
///
/// # The contract
///
/// 1. **A sleep is never ready before its instant has come**, in real time. A call trusts a sleep that is ready, so one
///    that ends early cuts every wait short, a server's Retry-After too. Where sleeps are counted in ticks, the instant
///    is rounded *up* to a tick.
/// 2. **`now` does not run ahead, and does not go back.** It may lag a little behind its own sleeps; a call does not wait
///    again for that.
/// 3. **A `now` that rounds down needs a tick more.** On a clock of milliseconds, what is called 7 ms may be 7.9: a sleep
///    until 10 ms that waits for the difference, 3 ms, is over after 2.1. Such a timer waits for the difference *and a
///    tick*, or until the clock itself says 10 ms.
/// 4. A sleep until an instant that is past is ready at once; one until the end of time is never ready, and does not
///    panic.
/// 5. A sleep wakes the waker that it was polled with last. Once dropped, it wakes nobody.
/// 6. Calls that share a gate share an origin. std timers count from the one of
///    [`Instant::now`](insist_core::Instant), which [`From<std::time::Instant>`](Instant) and `Instant::to_std` convert.
/// 7. No two calls of a process get the same seed. A timer for simulations draws its seeds from one that it was given
///    (`Seeded` does that for any timer), and reads no clock for them.
///
/// The module `testing` has a test suite for any timer.
///
/// ```
/// use core::future::Future;
/// use core::pin::Pin;
/// use core::task::{Context, Poll};
/// use insist_futures::{Instant, Timer, fresh_seed};
///
/// /// async-io's timer, as insist-smol has it.
/// #[derive(Clone, Copy)]
/// struct Smol;
///
/// impl Timer for Smol {
///     type Sleep = Sleep;
///     fn now(&self) -> Instant {
///         Instant::now()
///     }
///     fn sleep_until(&self, until: Instant) -> Sleep {
///         Sleep(until.to_std().map_or_else(async_io::Timer::never, async_io::Timer::at))
///     }
///     fn seed(&self) -> u64 {
///         fresh_seed()
///     }
/// }
///
/// struct Sleep(async_io::Timer);
///
/// impl Future for Sleep {
///     type Output = ();
///     fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
///         Pin::new(&mut self.0).poll(context).map(drop)
///     }
/// }
/// ```
pub trait Timer {
    /// The future that waits until an instant.
    type Sleep: Future<Output = ()>;

    /// Returns the current instant, on the clock of the sleeps.
    fn now(&self) -> Instant;

    /// Makes a future that is ready once an instant has come. A call polls it only if it has to wait.
    fn sleep_until(&self, until: Instant) -> Self::Sleep;

    /// Returns a seed that no other call has. A call that was given no seed asks for one at its first failure.
    fn seed(&self) -> u64;
}

impl<M: Timer + ?Sized> Timer for &M {
    type Sleep = M::Sleep;

    #[inline]
    fn now(&self) -> Instant {
        (**self).now()
    }

    #[inline]
    fn sleep_until(&self, until: Instant) -> Self::Sleep {
        (**self).sleep_until(until)
    }

    #[inline]
    fn seed(&self) -> u64 {
        (**self).seed()
    }
}
