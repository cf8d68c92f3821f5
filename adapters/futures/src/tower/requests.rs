//! Requests of a call: what the inner service is sent, for the first attempt and for the others.

use insist_core::Attempt;

/// Makes the requests that a call sends of the one that it was given: [`Cloned`] by their `Clone`, a function by itself.
#[diagnostic::on_unimplemented(
    message = "requests of type `{Req}` cannot be cloned, so they cannot be sent again",
    label = "needs to clone `{Req}`",
    note = "say how they are cloned: `.clone_with(|request: &{Req}| …)`; one for which that gives `None` is sent once",
    note = "a streaming body (axum's, tonic's) cannot be cloned: for HTTP, `Layer::http` keeps what is read of it"
)]
pub trait Requests<Req> {
    /// What is kept of a request, to be sent now or later.
    type Kept;
    /// What the inner service is sent.
    type Sent;
    /// Says later whether a request can be sent once more.
    type Watch: Watch;

    /// Adds to a request what its call says about itself, before anything is chosen by it.
    fn announce(&self, request: &mut Req) {
        let _ = request;
    }

    /// Begins a call.
    fn begin(&self, request: Req) -> Self::Kept;

    /// Copies a request; `None` if it cannot be copied.
    fn copy(&self, kept: &Self::Kept) -> Option<Self::Kept>;

    /// Watches over a request.
    fn watch(&self, kept: &Self::Kept) -> Self::Watch;

    /// Returns whether several attempts at once can send a request.
    fn fits(&self, kept: &Self::Kept) -> bool {
        let _ = kept;
        true
    }

    /// Makes the request of an attempt.
    fn send(&self, kept: Self::Kept, attempt: &Attempt) -> Self::Sent;
}

/// Says whether a request can be sent once more, which may change while it is read.
pub trait Watch {
    /// Returns whether it can.
    fn can_be_sent_again(&self) -> bool;
}

impl Watch for () {
    #[inline]
    fn can_be_sent_again(&self) -> bool {
        true
    }
}

/// Clones every request by its `Clone`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by its name")]
pub struct Cloned;

impl<Req: Clone> Requests<Req> for Cloned {
    type Kept = Req;
    type Sent = Req;
    type Watch = ();

    #[inline]
    fn begin(&self, request: Req) -> Req {
        request
    }

    #[inline]
    fn copy(&self, kept: &Req) -> Option<Req> {
        Some(kept.clone())
    }

    #[inline]
    fn watch(&self, _: &Req) {}

    #[inline]
    fn send(&self, kept: Req, _: &Attempt) -> Req {
        kept
    }
}

impl<Req, F: Fn(&Req) -> Option<Req>> Requests<Req> for F {
    type Kept = Req;
    type Sent = Req;
    type Watch = ();

    #[inline]
    fn begin(&self, request: Req) -> Req {
        request
    }

    #[inline]
    fn copy(&self, kept: &Req) -> Option<Req> {
        self(kept)
    }

    #[inline]
    fn watch(&self, _: &Req) {}

    #[inline]
    fn send(&self, kept: Req, _: &Attempt) -> Req {
        kept
    }
}

/// Requests that are changed before each attempt, set by [`Layer::prepare`](super::Layer::prepare).
#[derive(Clone, Copy, Debug)]
pub struct Prepared<C, F> {
    pub(super) requests: C,
    pub(super) prepare: F,
}

impl<Req, C, F> Requests<Req> for Prepared<C, F>
where
    C: Requests<Req>,
    F: Fn(&mut C::Sent, &Attempt),
{
    type Kept = C::Kept;
    type Sent = C::Sent;
    type Watch = C::Watch;

    #[inline]
    fn announce(&self, request: &mut Req) {
        self.requests.announce(request);
    }

    #[inline]
    fn begin(&self, request: Req) -> C::Kept {
        self.requests.begin(request)
    }

    #[inline]
    fn copy(&self, kept: &C::Kept) -> Option<C::Kept> {
        self.requests.copy(kept)
    }

    #[inline]
    fn watch(&self, kept: &C::Kept) -> C::Watch {
        self.requests.watch(kept)
    }

    #[inline]
    fn fits(&self, kept: &C::Kept) -> bool {
        self.requests.fits(kept)
    }

    #[inline]
    fn send(&self, kept: C::Kept, attempt: &Attempt) -> C::Sent {
        let mut request = self.requests.send(kept, attempt);
        (self.prepare)(&mut request, attempt);
        request
    }
}
