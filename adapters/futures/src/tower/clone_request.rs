//! Cloning of requests.

/// Clones requests: [`Cloned`] by their `Clone`, a function by itself.
#[diagnostic::on_unimplemented(
    message = "requests of type `{Req}` cannot be cloned, so they cannot be sent again",
    label = "needs to clone `{Req}`",
    note = "say how they are cloned: `.clone_with(|request: &{Req}| …)`; one for which that gives `None` is sent once",
    note = "a streaming body (axum's, tonic's) cannot be cloned: collect it in a layer above, or give `None`"
)]
pub trait CloneRequest<Req> {
    /// Clones a request; `None` if it cannot be cloned.
    fn clone_request(&self, request: &Req) -> Option<Req>;
}

/// Clones every request by its `Clone`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by its name")]
pub struct Cloned;

impl<Req: Clone> CloneRequest<Req> for Cloned {
    #[inline]
    fn clone_request(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

impl<Req, F: Fn(&Req) -> Option<Req>> CloneRequest<Req> for F {
    #[inline]
    fn clone_request(&self, request: &Req) -> Option<Req> {
        self(request)
    }
}
