//! What a call is told before it starts: the words that `retry` and `race` share.

use core::future::IntoFuture;
use core::ops::Deref;

use insist_core::{Backoff, Event, Gate, GaveUp, Hook, Judge, Policy, Repeat, Verdict, Watched, When};

use crate::call::{Calling, TryCalling};
use crate::operation::{Operation, Outcomes};
use crate::run::{Described, Running};
use crate::slots::{Lanes, Room};
use crate::timer::Timer;

/// A call that is being described, by [`retry`](crate::retry()), [`race`](crate::race()) or
/// [`retry_local`](crate::retry_local()). Nothing is sent before it, or what [`call`](Self::call),
/// [`try_call`](Self::try_call) or `report` makes of it, is awaited.
///
/// Its parameters stand for the timer, the policy (`&Policy`, or an `Arc` of one where the call outlives its maker),
/// the operation, the judge, the hook, the gate, and the lanes there is room for. Of two words for one thing (`when`
/// and `judge`, for example) the last counts.
///
/// What is awaited can be sent to another thread if the operation's futures can.
#[must_use = "nothing is sent before it is awaited"]
pub struct Driver<M, P, O, J = (), H = (), G = (), const LANES: usize = 1> {
    pub(crate) described: Described<M, P, O, J, H, G>,
}

impl<M, P, O> Driver<M, P, O> {
    /// A call of this operation, with nothing said about it yet; [`retry`](crate::retry()) is for functions.
    #[inline]
    pub const fn new(timer: M, policy: P, operation: O) -> Self {
        let (judge, hook, gate, repeat, seed) = ((), (), (), Repeat::Always, None);
        Self { described: Described { timer, policy, operation, judge, hook, gate, repeat, seed } }
    }
}

impl<M, P, O: Outcomes, J, H, G, const LANES: usize> Driver<M, P, O, J, H, G, LANES> {
    /// Which errors are retried; the others stop the call. Default: all. An `Ok` is accepted.
    #[inline]
    pub fn when<W: FnMut(&O::Error) -> bool>(self, is_retried: W) -> Driver<M, P, O, When<W>, H, G, LANES> {
        self.judge_with(When(is_retried))
    }

    /// What is concluded from an outcome, in place of [`when`](Self::when): accept it, retry (after a wait that was
    /// asked for, perhaps), or stop. Either kind of result may be accepted or not.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_futures::{Policy, Verdict, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let status = timer.block_on(async {
    ///     retry(timer.clone(), &Policy::zero(), |attempt| async move {
    ///         Ok::<u16, std::io::Error>(if attempt.id == 1 { 503 } else { 404 })
    ///     })
    ///     .judge(|outcome| match outcome {
    ///         Ok(503) => Verdict::retry().after(Duration::from_secs(2)), // the server's Retry-After
    ///         Ok(_) => Verdict::Accept,
    ///         Err(_) => Verdict::retry(),
    ///     })
    ///     .await
    /// });
    /// assert_eq!(status.unwrap(), 404);
    /// assert!(timer.elapsed() >= Duration::from_secs(2));
    /// ```
    #[inline]
    pub fn judge<W>(self, judge: W) -> Driver<M, P, O, W, H, G, LANES>
    where
        W: FnMut(&Result<O::Value, O::Error>) -> Verdict,
    {
        self.judge_with(judge)
    }

    /// The same with a [`Judge`] of any kind.
    #[inline]
    pub fn judge_with<W: Judge<O::Value, O::Error>>(self, judge: W) -> Driver<M, P, O, W, H, G, LANES> {
        let Described { timer, policy, operation, hook, gate, repeat, seed, .. } = self.described;
        Driver { described: Described { timer, policy, operation, judge, hook, gate, repeat, seed } }
    }

    /// A hook: it sees every decision, in order, as it is made. Default none.
    #[inline]
    pub fn notify<W: FnMut(&Event)>(self, hook: W) -> Driver<M, P, O, J, W, G, LANES> {
        self.hook_with(|_| hook)
    }

    /// The same with a [`Hook`] of any kind.
    #[inline]
    pub fn notify_with<W: Hook<O::Value, O::Error>>(self, hook: W) -> Driver<M, P, O, J, W, G, LANES> {
        self.hook_with(|_| hook)
    }

    /// Tells `tracing` what the call decides, besides the hook that [`notify`](Self::notify) has set before.
    ///
    /// The span of the call is opened here, in the current one.
    #[cfg(feature = "tracing")]
    pub fn trace(self) -> Driver<M, P, O, J, (H, crate::Tracing), G, LANES> {
        self.hook_with(|hook| (hook, crate::Tracing::new()))
    }

    #[inline]
    pub(crate) fn hook_with<W>(self, with: impl FnOnce(H) -> W) -> Driver<M, P, O, J, W, G, LANES> {
        let Described { timer, policy, operation, judge, hook, gate, repeat, seed } = self.described;
        let hook = with(hook);
        Driver { described: Described { timer, policy, operation, judge, hook, gate, repeat, seed } }
    }

    /// State that many calls share, which can delay or refuse an attempt. Default `()`, which does neither.
    ///
    /// Given by reference, or as an `Arc`.
    #[inline]
    pub fn gate<W: Gate>(self, gate: W) -> Driver<M, P, O, J, H, Watched<W>, LANES> {
        let Described { timer, policy, operation, judge, hook, repeat, seed, .. } = self.described;
        let gate = Watched::new(gate);
        Driver { described: Described { timer, policy, operation, judge, hook, gate, repeat, seed } }
    }

    /// Which failures may be followed by another attempt. Default always; the others use one lane.
    #[inline]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.described.repeat = repeat;
        self
    }

    /// The seed that the waits are drawn from. Default: one that is drawn when it is needed.
    #[inline]
    pub fn seed(mut self, seed: u64) -> Self {
        self.described.seed = Some(seed);
        self
    }

    /// Room for this many lanes: 1 to 8, 12 or 16, each of which takes the size of an attempt's future. A policy with
    /// more is refused as invalid before anything is sent.
    #[inline]
    pub fn room<const ROOM: usize>(self) -> Driver<M, P, O, J, H, G, ROOM>
    where
        Lanes<ROOM>: Room,
    {
        Driver { described: self.described }
    }
}

impl<M, P, B, O, J, H, G, const LANES: usize> Driver<M, P, O, J, H, G, LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    Lanes<LANES>: Room,
{
    /// The future of the call, which says why if it gives up: what `.await` makes of it.
    ///
    /// Its error is [`GaveUp`], with the result of the last attempt in it if there is one. Attempts that
    /// took too long have none.
    #[inline]
    pub fn try_call(self) -> TryCalling<M, P, O, J, H, G, LANES> {
        Running::start(self.described)
    }
}

impl<M, P, B, O, J, H, G, const LANES: usize> IntoFuture for Driver<M, P, O, J, H, G, LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    Lanes<LANES>: Room,
{
    type Output = Result<O::Value, GaveUp<O::Value, O::Error>>;
    type IntoFuture = TryCalling<M, P, O, J, H, G, LANES>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        self.try_call()
    }
}

impl<M, P, B, O, J, H, const LANES: usize> Driver<M, P, O, J, H, (), LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    Lanes<LANES>: Room,
{
    /// The future of the call, which ends with the operation's own result: the one that was accepted, or that of the
    /// last attempt.
    ///
    /// It is there for calls that cannot end without one: they have no gate, and their policy has neither attempt
    /// timeout nor deadline.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, retry};
    ///
    /// async fn read(timer: VirtualTimer) -> std::io::Result<String> {
    ///     retry(timer, &Policy::default(), |_| async { std::fs::read_to_string("Cargo.toml") }).call().await
    /// }
    /// # let timer = VirtualTimer::new();
    /// # assert!(timer.block_on(read(timer.clone())).is_ok());
    /// ```
    ///
    /// # Panics
    ///
    /// Here, before anything is sent, if the policy is invalid, has more lanes than there is room for, or has an
    /// attempt timeout or a deadline: [`Policy::validate`] one that comes from outside, or use
    /// [`try_call`](Driver::try_call).
    #[inline]
    #[track_caller]
    pub fn call(self) -> Calling<M, P, O, J, H, LANES> {
        let policy: &Policy<B> = &self.described.policy;
        if let Err(error) = policy.validate() {
            panic!("the policy is invalid: {error}; validate() a policy that comes from outside");
        }
        let lanes = policy.get_lanes();
        assert!(
            usize::from(lanes) <= LANES,
            "the policy has {lanes} lanes, and the call has room for {LANES}; say room, or use try_call"
        );
        assert!(
            policy.get_attempt_timeout().is_none() && policy.get_deadline().is_none(),
            "the policy has an attempt timeout or a deadline, so a call may end without a result of its own; use try_call"
        );
        Running::start(self.described)
    }
}
