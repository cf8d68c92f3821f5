//! The trait of everything that holds a policy: the policy itself, a reference, an owning pointer.

use super::Policy;
use crate::backoff::Backoff;

/// A policy, or a pointer to one: `Policy`, `&Policy`, `Arc<Policy>`, `Rc<Policy>`, `Box<Policy>`.
///
/// ```
/// use std::sync::Arc;
/// use insist_core::{AsPolicy, Policy};
///
/// fn attempts(policy: impl AsPolicy) -> Option<u32> {
///     policy.as_policy().get_attempts()
/// }
/// assert_eq!(attempts(Policy::aws()), attempts(&Policy::aws()));
/// assert_eq!(attempts(Arc::new(Policy::aws())), Some(3));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no policy",
    label = "a policy is expected here",
    note = "give a `Policy`, a `&Policy`, an `Arc<Policy>`, or `Terms` that hold one of these"
)]
pub trait AsPolicy {
    /// The backoff of the policy.
    type Backoff: Backoff;

    /// Borrows the policy.
    fn as_policy(&self) -> &Policy<Self::Backoff>;
}

impl<B: Backoff> AsPolicy for Policy<B> {
    type Backoff = B;

    #[inline]
    fn as_policy(&self) -> &Self {
        self
    }
}

macro_rules! pointer {
    ($($pointer:ty),+) => {
        $(
            impl<P: AsPolicy + ?Sized> AsPolicy for $pointer {
                type Backoff = P::Backoff;

                #[inline]
                fn as_policy(&self) -> &Policy<P::Backoff> {
                    (**self).as_policy()
                }
            }
        )+
    };
}

pointer!(&P);
#[cfg(feature = "alloc")]
pointer!(alloc::boxed::Box<P>, alloc::rc::Rc<P>);
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pointer!(alloc::sync::Arc<P>);
