//! The terms that a call of certain outcomes can go by.

use insist_core::{AsPolicy, Gate, Hook, IntoTerms, Judge, Terms};

/// Terms whose judge and hook take what attempts end with: [`Terms`], and nothing else.
///
/// The futures are made of the types that [`IntoTerms`] names, whatever attempts end with. If they depended on the judge's
/// being one of certain outcomes, a future with a closure for a judge could not be spawned where the error has a lifetime,
/// as `&'static str` and `Box<dyn Error>` have: whether it can be sent is asked for every lifetime.
#[expect(unnameable_types, reason = "plumbing: everybody names Terms")]
pub trait TermsFor<T, E>: IntoTerms<Judge: Judge<T, E>, Hook: Hook<T, E>> {}

impl<T, E, P: AsPolicy, J: Judge<T, E>, H: Hook<T, E>, G: Gate> TermsFor<T, E> for Terms<P, J, H, G> {}
