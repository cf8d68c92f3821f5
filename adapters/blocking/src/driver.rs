//! What a call is told before it starts: the words that `retry` and `race` share.

use std::marker::PhantomData;

use insist_core::{Event, Gate, Hook, Policy, Recorder, Repeat, Shape, Verdict, Watched, When};

use crate::Canceller;
use crate::clock::SystemClock;

/// A call that is being described, by [`retry`](crate::retry) or [`race`](crate::race). Nothing is sent before
/// `call`, `try_call` or `report`.
///
/// Its parameters stand for where attempts run (`W`: [`OnCaller`] or [`OnThreads`]), what they end with (`T`, `E`),
/// the backoff, the judge, the hook, the gate, and the canceller. Of two words for one thing (`when` and `judge`,
/// for example) the last counts.
#[must_use = "nothing is sent before call, try_call or report"]
pub struct Driver<'a, W, T, E, B = Shape, J = (), H = (), G = (), K = ()> {
    pub(crate) way: W,
    pub(crate) policy: &'a Policy<B>,
    pub(crate) judge: J,
    pub(crate) hook: H,
    pub(crate) gate: G,
    pub(crate) canceller: K,
    pub(crate) repeat: Repeat,
    pub(crate) seed: Option<u64>,
    pub(crate) outcome: PhantomData<fn() -> Result<T, E>>,
}

/// Attempts run on the thread that asks.
#[derive(Debug)]
pub struct OnCaller<F, C = SystemClock> {
    pub(crate) operation: F,
    pub(crate) clock: C,
}

/// Attempts run on threads of their own.
#[derive(Debug)]
pub struct OnThreads<F> {
    pub(crate) operation: F,
}

impl<'a, W, T, E, B, J, H, G, K> Driver<'a, W, T, E, B, J, H, G, K> {
    /// Which errors are retried; the others stop the call. Default: all. An `Ok` is accepted.
    #[inline]
    pub fn when<W2: FnMut(&E) -> bool>(self, is_retried: W2) -> Driver<'a, W, T, E, B, When<W2>, H, G, K> {
        let Self { way, policy, hook, gate, canceller, repeat, seed, outcome, .. } = self;
        Driver { way, policy, judge: When(is_retried), hook, gate, canceller, repeat, seed, outcome }
    }

    /// What is concluded from an outcome, in place of [`when`](Self::when): accept it, retry (after a wait that was
    /// asked for, perhaps), or stop.
    ///
    /// Either kind of result may be accepted or not. The judge runs on the caller's thread and may borrow.
    ///
    /// ```
    /// use std::time::Duration;
    /// use insist_blocking::{Policy, Verdict, retry};
    ///
    /// let policy = Policy::zero();
    /// let statuses = [503, 404].into_iter().cycle();
    /// let mut statuses = statuses;
    /// let status = retry(&policy, |_| Ok::<u16, std::io::Error>(statuses.next().unwrap()))
    ///     .judge(|outcome| match outcome {
    ///         Ok(503) => Verdict::retry().exactly_after(Duration::from_millis(1)),
    ///         Ok(_) => Verdict::Accept,
    ///         Err(_) => Verdict::retry(),
    ///     })
    ///     .call()?;
    /// assert_eq!(status, 404);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn judge<J2: FnMut(&Result<T, E>) -> Verdict>(self, judge: J2) -> Driver<'a, W, T, E, B, J2, H, G, K> {
        let Self { way, policy, hook, gate, canceller, repeat, seed, outcome, .. } = self;
        Driver { way, policy, judge, hook, gate, canceller, repeat, seed, outcome }
    }

    /// A hook: it sees every decision, in order, as it is made, on the caller's thread. Default none.
    #[inline]
    pub fn notify<H2: FnMut(&Event)>(self, hook: H2) -> Driver<'a, W, T, E, B, J, H2, G, K> {
        let Self { way, policy, judge, gate, canceller, repeat, seed, outcome, .. } = self;
        Driver { way, policy, judge, hook, gate, canceller, repeat, seed, outcome }
    }

    /// Tells `tracing` what the call decides, besides the hook that [`notify`](Self::notify) has set before.
    #[cfg(feature = "tracing")]
    pub fn trace(self) -> Driver<'a, W, T, E, B, J, (H, crate::Tracing), G, K> {
        let Self { way, policy, judge, hook, gate, canceller, repeat, seed, outcome } = self;
        let hook = (hook, crate::Tracing::new());
        Driver { way, policy, judge, hook, gate, canceller, repeat, seed, outcome }
    }

    /// State that many calls share, which can delay or refuse an attempt. Default `()`, which does neither.
    ///
    /// Given by reference, or as an `Arc`.
    #[inline]
    pub fn gate<G2: Gate>(self, gate: G2) -> Driver<'a, W, T, E, B, J, H, Watched<G2>, K> {
        let Self { way, policy, judge, hook, canceller, repeat, seed, outcome, .. } = self;
        let gate = Watched::new(gate);
        Driver { way, policy, judge, hook, gate, canceller, repeat, seed, outcome }
    }

    /// Lets another thread end the call: waits end at once, and what is in flight is told. Default none.
    #[inline]
    pub fn cancel_with(self, canceller: &'a Canceller) -> Driver<'a, W, T, E, B, J, H, G, &'a Canceller> {
        let Self { way, policy, judge, hook, gate, repeat, seed, outcome, .. } = self;
        Driver { way, policy, judge, hook, gate, canceller, repeat, seed, outcome }
    }

    /// Which failures may be followed by another attempt. Default always; the others use one lane.
    #[inline]
    pub fn repeat(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }

    /// The seed that the waits are drawn from. Default: one that is drawn when it is needed.
    #[inline]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }
}

impl<'a, W, T, E, B> Driver<'a, W, T, E, B> {
    #[inline]
    pub(crate) const fn new(way: W, policy: &'a Policy<B>) -> Self {
        let (repeat, seed, outcome) = (Repeat::Always, None, PhantomData);
        Self { way, policy, judge: (), hook: (), gate: (), canceller: (), repeat, seed, outcome }
    }
}

/// A call with a log being kept.
pub(crate) type Recorded<'a, W, T, E, B, J, H, G, K, F, D> = Driver<'a, W, T, E, B, J, Recorder<H, F, D>, G, K>;

impl<'a, W, T, E, B, J, H: Hook<T, E>, G, K> Driver<'a, W, T, E, B, J, H, G, K> {
    /// The same call with a log being kept.
    pub(crate) fn recorded<F, D>(self, detail: F) -> Recorded<'a, W, T, E, B, J, H, G, K, F, D>
    where
        F: FnMut(&Result<T, E>) -> D,
    {
        let Self { way, policy, judge, hook, gate, canceller, repeat, seed, outcome } = self;
        let hook = Recorder::new(hook, policy, detail);
        Driver { way, policy, judge, hook, gate, canceller, repeat, seed, outcome }
    }
}

/// Who can end a call from outside: `()` is nobody, a borrowed [`Canceller`] whoever holds a clone of it.
pub trait Cancels<'a> {
    /// The canceller, if there is one.
    fn canceller(&self) -> Option<&'a Canceller>;
}

impl<'a> Cancels<'a> for () {
    #[inline]
    fn canceller(&self) -> Option<&'a Canceller> {
        None
    }
}

impl<'a> Cancels<'a> for &'a Canceller {
    #[inline]
    fn canceller(&self) -> Option<&'a Canceller> {
        Some(self)
    }
}
