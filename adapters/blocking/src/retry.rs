//! `retry`: one lane on the caller's thread, which borrows freely and costs next to nothing.

use insist_core::{Backoff, Call, Gate, GaveUp, Hook, Instant, Judge, NoDetail, Policy, Report};

use crate::LiveAttempt;
use crate::caller::CallerLane;
use crate::clock::{Clock, SystemClock};
use crate::drive::{Thrift, drive};
use crate::driver::{Cancels, Driver, OnCaller};
use crate::end::{Finished, refuse};

/// A call whose attempts run one after the other on this thread.
///
/// The operation is an `FnMut` that borrows what it likes. It is run again after an error, as the policy says, until
/// it gives an `Ok`; [`when`](Driver::when) and [`judge`](Driver::judge) say otherwise. Where the first attempt
/// succeeds, no thread is started, nothing allocated, no clock read and no random number drawn (a clock is, if the
/// policy has a timeout or a deadline, the gate wants the time, or someone looks).
///
/// Nothing can interrupt an attempt here: the policy's attempt timeout and deadline are told to the operation
/// ([`LiveAttempt::timeout`](insist_core::Attempt::timeout)), and bind waits and further attempts. [`race`](crate::race)
/// with one lane ends attempts that hang. A policy with more lanes is refused as invalid.
///
/// ```
/// use std::time::Duration;
/// use insist_blocking::{Policy, retry};
///
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(1)).attempts(4);
///
/// let mut lines = vec!["", "42"];
/// let number = retry(&POLICY, |_| lines.remove(0).parse::<u32>()).when(|e| e.to_string().contains("empty")).call()?;
/// assert_eq!(number, 42);
/// # Ok::<(), std::num::ParseIntError>(())
/// ```
#[inline]
pub fn retry<'a, B, F, T, E>(policy: &'a Policy<B>, operation: F) -> Driver<'a, OnCaller<F>, T, E, B>
where
    B: Backoff,
    F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
{
    Driver::new(OnCaller { operation, clock: SystemClock }, policy)
}

impl<'a, F, C, T, E, B, J, H, G, K> Driver<'a, OnCaller<F, C>, T, E, B, J, H, G, K> {
    /// Reads the time and sleeps by another clock, for tests that do not wait. Default [`SystemClock`].
    #[inline]
    pub fn clock<C2: Clock>(self, clock: C2) -> Driver<'a, OnCaller<F, C2>, T, E, B, J, H, G, K> {
        let Self { way, policy, judge, hook, gate, canceller, repeat, seed, outcome } = self;
        let way = OnCaller { operation: way.operation, clock };
        Driver { way, policy, judge, hook, gate, canceller, repeat, seed, outcome }
    }
}

impl<F, C, T, E, B, J, H> Driver<'_, OnCaller<F, C>, T, E, B, J, H>
where
    F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
    C: Clock,
    B: Backoff,
    J: Judge<T, E>,
    H: Hook<T, E>,
{
    /// Carries it out: the result that was accepted, or that of the last attempt.
    ///
    /// It is there for calls without a gate and a canceller, which could end them without a result.
    ///
    /// # Errors
    ///
    /// The operation's own, from the last attempt.
    ///
    /// # Panics
    ///
    /// Before anything is sent, if the policy is invalid or has more than one lane: [`Policy::validate`] one that
    /// comes from outside, or use [`try_call`](Driver::try_call).
    #[inline]
    pub fn call(self) -> Result<T, E> {
        let policy = self.policy;
        match self.run(|finished, _| finished.ended.last) {
            Some(result) => result,
            None => refuse(policy),
        }
    }
}

impl<'a, F, C, T, E, B, J, H, G, K> Driver<'a, OnCaller<F, C>, T, E, B, J, H, G, K>
where
    F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
    C: Clock,
    B: Backoff,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
    K: Cancels<'a>,
{
    /// Carries it out, and says why if it gives up. It never panics by itself.
    ///
    /// # Errors
    ///
    /// [`GaveUp`], with the result of the last attempt in it if there is one.
    #[inline]
    pub fn try_call(self) -> Result<T, GaveUp<T, E>> {
        self.run(|finished, _| finished.conclude())
    }

    /// Carries it out, and reports whatever came of it: why it ended, how often and when it was sent.
    ///
    /// ```
    /// use insist_blocking::{Policy, retry};
    ///
    /// let (result, report) = retry(&Policy::zero(), |attempt| if attempt.id < 3 { Err("no") } else { Ok(7) }).report();
    /// assert_eq!(result.ok(), Some(7));
    /// assert_eq!((report.attempts, report.retries, report.reason), (3, 2, None));
    /// println!("{}", report.log); // one line an attempt
    /// assert_eq!(report.log.entries()[1].end.map(|end| end.as_str()), Some("retry"));
    /// ```
    pub fn report(self) -> (Result<T, GaveUp<T, E>>, Report) {
        self.report_with(|_| NoDetail)
    }

    /// The same, with a detail of each outcome in the log: its status or its error, for example.
    pub fn report_with<D>(self, detail: impl FnMut(&Result<T, E>) -> D) -> (Result<T, GaveUp<T, E>>, Report<D>) {
        self.recorded(detail).run(|finished, mut recorder| finished.report(recorder.take_log()))
    }

    #[inline]
    fn run<R>(self, finish: impl FnOnce(Finished<'_, '_, T, E, B, G, 1>, H) -> R) -> R {
        let Self { way, policy, mut judge, mut hook, gate, canceller, repeat, seed, .. } = self;
        let thrift = Thrift {
            is_timeless: !<H as Hook<T, E>>::LOOKS && policy.is_timeless() && gate.is_timeless(),
            is_seeded: seed.is_some(),
        };
        // Without a deadline nothing depends on when a timeless call started.
        let started = if thrift.is_timeless { Instant::ZERO } else { way.clock.now() };
        let canceller = canceller.canceller();
        let waited = if thrift.is_timeless && canceller.is_none() { Some(started) } else { None };
        let mut lane = CallerLane { operation: way.operation, clock: way.clock, canceller, waited };
        let mut call = Call::new(policy, gate, started, seed.unwrap_or(0)).repeat(repeat);
        let ended = drive(&mut call, &mut lane, &mut judge, &mut hook, started, thrift);
        finish(Finished { ended, call: &call, started }, hook)
    }
}
