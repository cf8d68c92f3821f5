//! Terms: a policy and everything else that is set before a call starts.

use super::hook::{Hook, OnRetry, Retrying};
use super::judge::When;
use crate::event::Event;
use crate::gate::Gate;
use crate::policy::{AsPolicy, Policy};
use crate::verdict::{Repeat, Verdict};

/// A policy, and everything else that a call is told before it starts: judge, hook, gate, which failures may be
/// repeated, and the seed. Every driver holds them, and its words are these.
///
/// Made once, they are what many call sites share: every driver takes them by value or by reference where it takes a
/// policy. So its functions are `Fn`; those that are given to a driver may be `FnMut`. Of two words for one thing (`when` and `judge`, for example) the last counts.
///
/// ```
/// use insist_core::{Budget, Policy, Terms, When};
///
/// /// Made once, from the configuration of a service.
/// struct Shop {
///     terms: Terms<Policy, When<fn(&u16) -> bool>, (), Budget>,
/// }
///
/// let is_busy: fn(&u16) -> bool = |status| *status == 503;
/// let shop = Shop { terms: Terms::new(Policy::aws()).when(is_busy).gate(Budget::new(0.1)) };
/// // retry(&shop.terms, |_| fetch()).call()
/// # assert!(shop.terms.policy.validate().is_ok());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[must_use = "terms do nothing until a call is made with them"]
pub struct Terms<P = Policy, J = (), H = (), G = ()> {
    /// The policy: how often, how long, how far apart.
    pub policy: P,
    /// The judge, which concludes verdicts. Default: `()`, which accepts an `Ok` and retries any error.
    pub judge: J,
    /// The hook, which sees decisions. Default: `()`, which sees none.
    pub hook: H,
    /// The gate, which may delay or refuse attempts. Default: `()`, which does neither.
    pub gate: G,
    /// The failures that may be followed by another attempt. Default: all.
    pub repeat: Repeat,
    /// The seed that the waits are drawn from. Default: a fresh seed for each call, drawn when it is needed.
    pub seed: Option<u64>,
}

impl<P> Terms<P> {
    /// Makes the terms of a policy, given by value, by reference, or by a pointer such as an `Arc`.
    #[inline]
    pub const fn new(policy: P) -> Self {
        Self { policy, judge: (), hook: (), gate: (), repeat: Repeat::Always, seed: None }
    }
}

impl<P, J, H, G> Terms<P, J, H, G> {
    /// Sets which errors are retried; the others stop the call. Default: all. An `Ok` is accepted.
    #[inline]
    pub fn when<E, W: Fn(&E) -> bool>(self, is_retried: W) -> Terms<P, When<W>, H, G> {
        self.judge_with(When(is_retried))
    }

    /// Sets what is concluded from an outcome, in place of [`when`](Self::when): accept it, retry (after a wait that was
    /// asked for, perhaps), or stop. Either kind of result may be accepted or not.
    #[inline]
    pub fn judge<T, E, W: Fn(&Result<T, E>) -> Verdict>(self, judge: W) -> Terms<P, W, H, G> {
        self.judge_with(judge)
    }

    /// Sets a [`Judge`](crate::Judge) of any kind.
    #[inline]
    pub fn judge_with<W>(self, judge: W) -> Terms<P, W, H, G> {
        let Self { policy, hook, gate, repeat, seed, .. } = self;
        Terms { policy, judge, hook, gate, repeat, seed }
    }

    /// Sets a hook: it sees every decision, in order, as it is made. Default: none.
    #[inline]
    pub fn notify<T, E, W: Fn(&Event<'_, T, E>)>(self, hook: W) -> Terms<P, J, W, G> {
        self.notify_with(hook)
    }

    /// Sets a [`Hook`] of any kind.
    #[inline]
    pub fn notify_with<W>(self, hook: W) -> Terms<P, J, W, G> {
        self.map_hook(|_| hook)
    }

    /// Adds a function that is told of each retry that is coming, besides the hook that was set before: what failed, and
    /// the wait.
    #[inline]
    pub fn on_retry<T, E, W: Fn(&Retrying<'_, T, E>)>(self, function: W) -> Terms<P, J, (H, OnRetry<W>), G> {
        self.map_hook(|hook| (hook, OnRetry::new(function)))
    }

    /// Puts another hook in place of the one that it has, made from it.
    #[inline]
    pub fn map_hook<W>(self, map: impl FnOnce(H) -> W) -> Terms<P, J, W, G> {
        let Self { policy, judge, hook, gate, repeat, seed } = self;
        Terms { policy, judge, hook: map(hook), gate, repeat, seed }
    }

    /// Sets state that many calls share, which can delay or refuse an attempt: a reference, an `Arc`, a tuple of these,
    /// or an `Option`. Default `()`, which does neither.
    #[inline]
    pub fn gate<W: Gate>(self, gate: W) -> Terms<P, J, H, W> {
        let Self { policy, judge, hook, repeat, seed, .. } = self;
        Terms { policy, judge, hook, gate, repeat, seed }
    }

    /// Sets which failures may be followed by another attempt. Default: all; the others use one lane.
    #[inline]
    pub fn repeat(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }

    /// Sets the seed that the waits are drawn from. Default: one that is drawn when it is needed.
    #[inline]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Borrows each of them.
    #[inline]
    pub const fn as_ref(&self) -> Terms<&P, &J, &H, &G> {
        let Self { policy, judge, hook, gate, repeat, seed } = self;
        Terms { policy, judge, hook, gate, repeat: *repeat, seed: *seed }
    }

    /// Returns whether a call with these needs the clock only to wait: the policy and the gate never look at the time,
    /// and nobody listens.
    #[inline]
    #[must_use]
    pub fn is_timeless<T, E>(&self) -> bool
    where
        P: AsPolicy,
        H: Hook<T, E>,
        G: Gate,
    {
        !self.hook.is_listening() && self.policy.as_policy().is_timeless() && self.gate.is_timeless()
    }
}

/// The first argument of `retry` and `race`: a policy by value, by reference or by a pointer such as `Arc`, or
/// [`Terms`] by value or by reference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a policy nor terms",
    label = "a policy is expected here",
    note = "give a `Policy`, a `&Policy`, an `Arc<Policy>`, or `Terms` or `&Terms` that hold one of these"
)]
pub trait IntoTerms {
    /// The policy, or a pointer to it.
    type Policy: AsPolicy;
    /// The judge.
    type Judge;
    /// The hook.
    type Hook;
    /// The gate.
    type Gate: Gate;

    /// Converts to terms.
    fn into_terms(self) -> Terms<Self::Policy, Self::Judge, Self::Hook, Self::Gate>;
}

/// The [`Terms`] that are made of a policy, or are the ones that were given.
pub type TermsOf<S> =
    Terms<<S as IntoTerms>::Policy, <S as IntoTerms>::Judge, <S as IntoTerms>::Hook, <S as IntoTerms>::Gate>;

impl<P: AsPolicy> IntoTerms for P {
    type Policy = P;
    type Judge = ();
    type Hook = ();
    type Gate = ();

    #[inline]
    fn into_terms(self) -> Terms<P> {
        Terms::new(self)
    }
}

impl<P: AsPolicy, J, H, G: Gate> IntoTerms for Terms<P, J, H, G> {
    type Policy = P;
    type Judge = J;
    type Hook = H;
    type Gate = G;

    #[inline]
    fn into_terms(self) -> Self {
        self
    }
}

impl<'a, P: AsPolicy, J, H, G: Gate> IntoTerms for &'a Terms<P, J, H, G> {
    type Policy = &'a P;
    type Judge = &'a J;
    type Hook = &'a H;
    type Gate = &'a G;

    #[inline]
    fn into_terms(self) -> Terms<&'a P, &'a J, &'a H, &'a G> {
        self.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::*;
    use crate::driver::Judge;
    use crate::gate::Budget;

    fn judged<S: IntoTerms>(terms: S, outcome: Result<u8, u16>) -> Verdict
    where
        S::Judge: Judge<u8, u16>,
    {
        terms.into_terms().judge.judge(&outcome)
    }

    #[test]
    fn a_policy_may_be_given_in_any_way_and_terms_too() {
        const POLICY: &Policy = &Policy::aws();
        let policy = Policy::aws();
        assert_eq!(judged(policy, Err(1)), Verdict::retry());
        assert_eq!(judged(POLICY, Ok(1)), Verdict::Accept);
        assert_eq!(judged(Arc::new(policy), Err(1)), Verdict::retry());
        let terms = Terms::new(policy).when(|status: &u16| *status == 503).gate(Budget::default());
        assert_eq!([503, 404].map(|status| judged(&terms, Err(status))), [Verdict::retry(), Verdict::Stop]);
        assert_eq!(judged(terms, Err(404)), Verdict::Stop);
        let own = Terms::new(&policy).judge(|_: &Result<u8, u16>| Verdict::Stop).repeat(Repeat::Never).seed(7);
        assert_eq!(judged(&own, Ok(1)), Verdict::Stop);
        assert_eq!((own.as_ref().repeat, own.as_ref().seed), (Repeat::Never, Some(7)));
    }

    #[test]
    fn terms_are_timeless_if_nobody_listens_and_no_part_looks_at_the_time() {
        let policy = Policy::zero();
        assert!(Terms::new(policy).is_timeless::<u8, u8>());
        assert!(!Terms::new(policy).notify(|_: &Event<'_, u8, u8>| ()).is_timeless::<u8, u8>());
        assert!(!Terms::new(policy).gate(Budget::default()).is_timeless::<u8, u8>());
        assert!(!Terms::new(policy.lanes(2)).is_timeless::<u8, u8>());
    }
}
