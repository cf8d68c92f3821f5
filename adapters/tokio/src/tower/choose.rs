//! What a layer says of a request: the same for all, or what a function makes of each.

/// Chooses something for each request: [`Same`] chooses the same for all, a function what it returns.
pub trait Choose<Req> {
    /// What is chosen.
    type Choice;

    /// Chooses it for this request.
    fn choose(&self, request: &Req) -> Self::Choice;
}

/// Chooses a clone of this for every request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Same<T>(pub T);

impl<Req, T: Clone> Choose<Req> for Same<T> {
    type Choice = T;

    #[inline]
    fn choose(&self, _: &Req) -> T {
        self.0.clone()
    }
}

impl<Req, F, T> Choose<Req> for F
where
    F: Fn(&Req) -> T,
{
    type Choice = T;

    #[inline]
    fn choose(&self, request: &Req) -> T {
        self(request)
    }
}

/// Chooses both.
impl<Req, A: Choose<Req>, B: Choose<Req>> Choose<Req> for (A, B) {
    type Choice = (A::Choice, B::Choice);

    #[inline]
    fn choose(&self, request: &Req) -> Self::Choice {
        (self.0.choose(request), self.1.choose(request))
    }
}

/// Clones every request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cloned;

impl<Req: Clone> Choose<Req> for Cloned {
    type Choice = Option<Req>;

    #[inline]
    fn choose(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

/// Opens a span for the call of each request.
#[cfg(feature = "tracing")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Traced;

#[cfg(feature = "tracing")]
impl<Req> Choose<Req> for Traced {
    type Choice = crate::Tracing;

    fn choose(&self, _: &Req) -> crate::Tracing {
        crate::Tracing::new()
    }
}
