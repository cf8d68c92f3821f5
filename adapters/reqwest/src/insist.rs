//! Adds this crate's settings to clients, their builders and requests.

use std::sync::Arc;

use insist_http::client::Insist;

use crate::builder::ClientBuilder;
use crate::client::{Client, Core};
use crate::request::RequestBuilder;
use crate::settings::{Reqwest, Settings};

impl Insist<Reqwest> for ClientBuilder {
    fn insist(mut self, settings: &Settings) -> Self {
        self.settings = settings.over(&self.settings);
        self
    }
}

/// Returns a client that shares the connections of this one.
impl Insist<Reqwest> for Client {
    fn insist(self, settings: &Settings) -> Self {
        let Core { settings: base, total_timeout, sees_redirects, .. } = &*self.core;
        let core = Core::new(settings.over(base), *total_timeout, *sees_redirects);
        Self { core, ..self }
    }
}

impl Insist<Reqwest> for RequestBuilder {
    fn insist(self, settings: &Settings) -> Self {
        let own = match &self.own {
            None => settings.clone(),
            Some(base) => settings.over(base),
        };
        Self { own: Some(Arc::new(own)), ..self }
    }
}
