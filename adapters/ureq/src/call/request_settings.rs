//! The settings of one request, among its extensions.

use std::sync::Arc;

use ureq::http::Extensions;

use crate::client::Settings;

/// The settings of a request, among its extensions.
#[derive(Clone)]
pub(crate) struct RequestSettings(pub(super) Arc<Settings>);

impl RequestSettings {
    /// Lays settings over those of a request.
    pub(crate) fn lay_over(extensions: &mut Extensions, settings: &Settings) {
        let said = match extensions.get::<Self>() {
            Some(Self(base)) => settings.over(base),
            None => settings.clone(),
        };
        extensions.insert(Self(Arc::new(said)));
    }
}
