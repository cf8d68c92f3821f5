//! What can resolve names, in the forms that reqwest takes.

use std::sync::Arc;

use reqwest::dns::Resolve;

/// A resolver of names: a [`Resolve`], or an `Arc` of one. `How` tells the forms apart; it is inferred.
pub trait IntoResolver<How> {
    /// Returns it as reqwest keeps it.
    fn into_resolver(self) -> Arc<dyn Resolve>;
}

/// The `How` of [`IntoResolver`] for a resolver.
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is inferred")]
pub enum ByValue {}

/// The `How` of [`IntoResolver`] for an `Arc` of a resolver.
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is inferred")]
pub enum InAnArc {}

/// The `How` of [`IntoResolver`] for an `Arc` of any resolver.
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is inferred")]
pub enum AsItIs {}

impl<R: Resolve + 'static> IntoResolver<ByValue> for R {
    fn into_resolver(self) -> Arc<dyn Resolve> {
        Arc::new(self)
    }
}

impl<R: Resolve + 'static> IntoResolver<InAnArc> for Arc<R> {
    fn into_resolver(self) -> Arc<dyn Resolve> {
        self
    }
}

impl IntoResolver<AsItIs> for Arc<dyn Resolve> {
    fn into_resolver(self) -> Arc<dyn Resolve> {
        self
    }
}
