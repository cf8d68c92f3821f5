//! `race`: several lanes, each attempt on a thread of its own, and the first success wins.

use insist_core::{Backoff, Call, Gate, GaveUp, Hook, Instant, Judge, NoDetail, Policy, Repeat, Report, fresh_seed};

use crate::LiveAttempt;
use crate::caller::CallerLane;
use crate::clock::SystemClock;
use crate::drive::{Thrift, drive};
use crate::driver::{Cancels, Driver, OnThreads};
use crate::end::Finished;
use crate::threads::ThreadLanes;

/// How many lanes a [`race`] has room for: 16. A policy with more is refused as invalid before anything is sent.
pub const LANES: usize = 16;

/// A call whose attempts run on threads, as many at once as the policy has lanes.
///
/// The first success wins and is returned at once; the others are told
/// ([`is_cancelled`](LiveAttempt::is_cancelled), [`on_cancel`](LiveAttempt::on_cancel)), never waited for, and what
/// becomes of them is dropped. An attempt that hangs is ended by the attempt timeout or the deadline: it is told,
/// and the call goes on. Its thread ends when the operation does, so an operation that cannot be stopped bounds
/// itself.
///
/// A policy with one lane, without attempt timeout and deadline, needs no thread: its attempts run on the
/// caller's, as with [`retry`](crate::retry). So do those of a call that may not always be
/// [repeated](Driver::repeat), which has one lane.
///
/// If an operation panics on its thread, the others are cancelled and the panic goes on in the caller. The judge and
/// the hook run on the caller's thread, and may borrow. An attempt whose thread cannot be started counts as a
/// failure that was not sent.
///
/// ```
/// use std::time::Duration;
/// use insist_blocking::{Policy, race};
///
/// const POLICY: Policy = Policy::zero().lanes(3); // all at once; hedge_after opens them one by one
///
/// let millis = [2000, 0, 2000];
/// let fastest = race(&POLICY, move |attempt| {
///     let wait = Duration::from_millis(millis[usize::from(attempt.lane)]);
///     std::thread::sleep(wait); // stands for a request to the replica of this lane
///     Ok::<_, std::io::Error>(attempt.lane)
/// })
/// .try_call()?;
/// assert_eq!(fastest, 1);
/// # Ok::<(), insist_blocking::GaveUp<u8, std::io::Error>>(())
/// ```
#[inline]
pub fn race<'a, B, F, T, E>(policy: &'a Policy<B>, operation: F) -> Driver<'a, OnThreads<F>, T, E, B>
where
    B: Backoff,
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    Driver::new(OnThreads { operation }, policy)
}

impl<'a, F, T, E, B, J, H, G, K> Driver<'a, OnThreads<F>, T, E, B, J, H, G, K>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
    B: Backoff,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
    K: Cancels<'a>,
{
    /// Carries it out, and says why if it gives up.
    ///
    /// # Errors
    ///
    /// [`GaveUp`], with the result of the last attempt that had one in it. Attempts that hang have none.
    pub fn try_call(self) -> Result<T, GaveUp<T, E>> {
        self.run(|finished, _| finished.conclude())
    }

    /// Carries it out, and reports whatever came of it: why it ended, who won, how often and when it was sent.
    pub fn report(self) -> (Result<T, GaveUp<T, E>>, Report) {
        self.report_with(|_| NoDetail)
    }

    /// The same, with a detail of each outcome in the log: its status or its error, for example.
    pub fn report_with<D>(self, detail: impl FnMut(&Result<T, E>) -> D) -> (Result<T, GaveUp<T, E>>, Report<D>) {
        self.recorded(detail).run(|finished, mut recorder| finished.report(recorder.take_log()))
    }

    fn run<R>(self, finish: impl FnOnce(Finished<'_, '_, T, E, B, G, LANES>, H) -> R) -> R {
        let Self { way, policy, mut judge, mut hook, gate, canceller, repeat, seed, .. } = self;
        let (operation, canceller) = (way.operation, canceller.canceller());
        let has_one_lane = policy.get_lanes() <= 1 || repeat != Repeat::Always;
        let is_interrupted = policy.get_attempt_timeout().is_some() || policy.get_deadline().is_some();
        let started = Instant::now();
        // A timeout is judged by the machine, and may draw a wait: the seed is there from the start.
        let thrift = Thrift { is_timeless: false, is_seeded: true };
        let seed = seed.unwrap_or_else(fresh_seed);
        let mut call = Call::with_lanes::<LANES>(policy, gate, started, seed).repeat(repeat);
        let ended = if has_one_lane && !is_interrupted {
            let mut lane = CallerLane { operation, clock: SystemClock, canceller, waited: None };
            drive(&mut call, &mut lane, &mut judge, &mut hook, started, thrift)
        } else {
            let mut lanes = ThreadLanes::new(operation, canceller);
            drive(&mut call, &mut lanes, &mut judge, &mut hook, started, thrift)
        };
        finish(Finished { ended, call: &call, started }, hook)
    }
}
