//! A layer's settings for a request: the same for all, or a function of the request.

/// Chooses a setting for each request: [`Same`] the same for all, a function what it returns.
pub trait Choose<Req> {
    /// The setting.
    type Choice;

    /// Chooses the setting for a request.
    fn choose(&self, request: &Req) -> Self::Choice;
}

/// Chooses a clone of its value for every request.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that is constructed by its name")]
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

/// Counts and times the call of each request, with this name if there is one.
#[cfg(feature = "metrics")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    pub(super) name: Option<&'static str>,
}

#[cfg(feature = "metrics")]
impl<Req> Choose<Req> for Measured {
    type Choice = insist_metrics::Metrics;

    fn choose(&self, _: &Req) -> insist_metrics::Metrics {
        self.name.map_or_else(insist_metrics::Metrics::new, insist_metrics::Metrics::named)
    }
}

/// Opens a span for the call of each request, with this name if there is one.
#[cfg(feature = "tracing")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Traced {
    pub(super) name: Option<&'static str>,
}

#[cfg(feature = "tracing")]
impl<Req> Choose<Req> for Traced {
    type Choice = insist_tracing::Tracing;

    fn choose(&self, _: &Req) -> insist_tracing::Tracing {
        self.name.map_or_else(insist_tracing::Tracing::new, insist_tracing::Tracing::named)
    }
}
