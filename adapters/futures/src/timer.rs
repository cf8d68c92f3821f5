//! What a runtime gives: the time, a future that waits, and a seed.

use core::future::Future;

use insist_core::Instant;

/// What a runtime gives to a call.
///
/// ```
/// use insist_futures::{Instant, Timer, fresh_seed};
///
/// /// async-io's timer.
/// #[derive(Clone, Copy)]
/// struct Smol;
///
/// # mod async_io { pub type Timer = core::future::Ready<()>; }
/// # fn at(_: Instant) -> async_io::Timer { core::future::ready(()) }
/// impl Timer for Smol {
///     type Sleep = async_io::Timer;
///     fn now(&self) -> Instant {
///         Instant::now()
///     }
///     fn sleep_until(&self, until: Instant) -> Self::Sleep {
///         at(until)
///     }
///     fn seed(&self) -> u64 {
///         fresh_seed()
///     }
/// }
/// ```
pub trait Timer {
    /// Waits until an instant.
    type Sleep: Future<Output = ()>;

    /// The instant of now, on the clock that the sleeps go by. Calls that share a gate share its origin.
    fn now(&self) -> Instant;

    /// A future that is ready once that instant has come. It is polled only if there is something to wait for.
    fn sleep_until(&self, until: Instant) -> Self::Sleep;

    /// A seed that no other call has, for one that was given none. It is asked for when the first attempt has failed.
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
