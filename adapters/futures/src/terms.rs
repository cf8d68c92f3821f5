//! The terms that a call of certain outcomes can go by.

use insist_core::{AsPolicy, Gate, Hook, IntoTerms, Judge, Terms};

/// The terms that a driver holds for what it was given.
pub type TermsOf<S> =
    Terms<<S as IntoTerms>::Policy, <S as IntoTerms>::Judge, <S as IntoTerms>::Hook, <S as IntoTerms>::Gate>;

/// Terms whose judge and hook take what attempts end with: [`Terms`], and nothing else.
#[expect(unnameable_types, reason = "plumbing: everybody names Terms")]
pub trait TermsFor<T, E> {
    /// The policy, or what holds it.
    type Policy: AsPolicy;
    /// The judge.
    type Judge: Judge<T, E>;
    /// The hook.
    type Hook: Hook<T, E>;
    /// The gate.
    type Gate: Gate;

    /// Returns them as what they are.
    fn into_terms(self) -> Terms<Self::Policy, Self::Judge, Self::Hook, Self::Gate>;
}

impl<T, E, P: AsPolicy, J: Judge<T, E>, H: Hook<T, E>, G: Gate> TermsFor<T, E> for Terms<P, J, H, G> {
    type Policy = P;
    type Judge = J;
    type Hook = H;
    type Gate = G;

    #[inline]
    fn into_terms(self) -> Self {
        self
    }
}
