//! Terms for calls with certain types of value and error.

use insist_core::{AsPolicy, Gate, Hook, IntoTerms, Judge, Terms};

/// Terms whose judge and hook take attempts' values and errors of these types. Only [`Terms`] implements it.
///
/// The futures' types name only [`IntoTerms`], and not the judge's value and error. Otherwise a future with a closure
/// for a judge could not be spawned if the error has a lifetime, as `&'static str` and `Box<dyn Error>` have: the
/// compiler checks `Send` for every lifetime.
#[expect(unnameable_types, reason = "plumbing: everybody names Terms")]
pub trait TermsFor<T, E>: IntoTerms<Judge: Judge<T, E>, Hook: Hook<T, E>> {}

impl<T, E, P: AsPolicy, J: Judge<T, E>, H: Hook<T, E>, G: Gate> TermsFor<T, E> for Terms<P, J, H, G> {}
