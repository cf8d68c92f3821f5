//! The terms that a call of certain outcomes can go by.

use insist_core::{AsPolicy, Gate, Hook, IntoTerms, Judge, Terms};

/// The terms that a driver holds for what it was given.
pub type TermsOf<S> =
    Terms<<S as IntoTerms>::Policy, <S as IntoTerms>::Judge, <S as IntoTerms>::Hook, <S as IntoTerms>::Gate>;

/// What terms consist of.
///
/// The futures are made of these types, whatever attempts end with. If they depended on the judge's being one of certain
/// outcomes, a future with a closure for a judge could not be spawned where the error has a lifetime, as `&'static str`
/// and `Box<dyn Error>` have: whether it can be sent is asked for every lifetime.
#[expect(unnameable_types, reason = "plumbing: everybody names Terms")]
pub trait Parts {
    /// The policy, or what holds it.
    type Policy: AsPolicy;
    /// The judge.
    type Judge;
    /// The hook.
    type Hook;
    /// The gate.
    type Gate: Gate;

    /// Returns them as what they are.
    fn into_terms(self) -> Terms<Self::Policy, Self::Judge, Self::Hook, Self::Gate>;
}

/// Terms whose judge and hook take what attempts end with: [`Terms`], and nothing else.
#[expect(unnameable_types, reason = "plumbing: everybody names Terms")]
pub trait TermsFor<T, E>: Parts<Judge: Judge<T, E>, Hook: Hook<T, E>> {}

impl<T, E, P: AsPolicy, J: Judge<T, E>, H: Hook<T, E>, G: Gate> TermsFor<T, E> for Terms<P, J, H, G> {}

impl<P: AsPolicy, J, H, G: Gate> Parts for Terms<P, J, H, G> {
    type Policy = P;
    type Judge = J;
    type Hook = H;
    type Gate = G;

    #[inline]
    fn into_terms(self) -> Self {
        self
    }
}
