//! Requests of a call: what the inner service is sent, for the first attempt and for the others.

use insist_core::{Attempt, Gate};

/// Makes the requests that a call sends of the one that it was given: [`Cloned`] by their `Clone`, a function by itself.
#[diagnostic::on_unimplemented(
    message = "requests of type `{Req}` cannot be cloned, so they cannot be sent again",
    label = "needs to clone `{Req}`",
    note = "say how they are cloned: `.clone_with(|request: &{Req}| …)`; one for which that gives `None` is sent once",
    note = "a streaming body (axum's, tonic's) cannot be cloned: for HTTP, `Layer::http` keeps what is read of it"
)]
pub trait Requests<Req> {
    /// Holds what is kept of a request, to be sent now or later.
    type Kept;
    /// The request that the inner service is sent.
    type Sent;
    /// Says later whether a request can be sent once more.
    type Watch: Watch;
    /// Keeps a call to one lane, if its request can be sent by one attempt at a time.
    type OneLane: Gate;
    /// Holds what is remembered of an attempt until its request is made.
    type Note;

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

    /// Returns the gate that keeps the call of a request to one lane, or lets it have more.
    fn one_lane(&self, kept: &Self::Kept) -> Self::OneLane;

    /// Remembers an attempt.
    fn note(attempt: &Attempt) -> Self::Note;

    /// Makes the request of an attempt.
    fn send(&self, kept: Self::Kept, note: &Self::Note) -> Self::Sent;
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

/// The parts of [`Requests`] that a request has which is kept, and sent, as it is.
macro_rules! kept_as_it_is {
    () => {
        type Kept = Req;
        type Sent = Req;
        type Watch = ();
        type OneLane = ();
        type Note = ();

        #[inline]
        fn begin(&self, request: Req) -> Req {
            request
        }

        #[inline]
        fn watch(&self, _: &Req) {}

        #[inline]
        fn one_lane(&self, _: &Req) {}

        #[inline]
        fn note(_: &Attempt) {}

        #[inline]
        fn send(&self, kept: Req, (): &()) -> Req {
            kept
        }
    };
}

/// Clones every request by its `Clone`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by its name")]
pub struct Cloned;

impl<Req: Clone> Requests<Req> for Cloned {
    kept_as_it_is!();

    #[inline]
    fn copy(&self, kept: &Req) -> Option<Req> {
        Some(kept.clone())
    }
}

impl<Req, F: Fn(&Req) -> Option<Req>> Requests<Req> for F {
    kept_as_it_is!();

    #[inline]
    fn copy(&self, kept: &Req) -> Option<Req> {
        self(kept)
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
    type OneLane = C::OneLane;
    type Note = (C::Note, Attempt);

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
    fn one_lane(&self, kept: &C::Kept) -> C::OneLane {
        self.requests.one_lane(kept)
    }

    #[inline]
    fn note(attempt: &Attempt) -> Self::Note {
        (C::note(attempt), *attempt)
    }

    #[inline]
    fn send(&self, kept: C::Kept, (note, attempt): &Self::Note) -> C::Sent {
        let mut request = self.requests.send(kept, note);
        (self.prepare)(&mut request, attempt);
        request
    }
}
