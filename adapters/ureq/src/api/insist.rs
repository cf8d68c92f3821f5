//! Adds this crate's settings to requests.

use insist_http::client::Insist;
use ureq::http::Request;
use ureq::{AsSendBody, RequestBuilder};

use crate::call::RequestSettings;
use crate::client::{Settings, Ureq};

impl<Any> Insist<Ureq> for RequestBuilder<Any> {
    fn insist(mut self, settings: &Settings) -> Self {
        // If there are no extensions, the builder holds an error, which the call will return.
        if let Some(extensions) = self.extensions_mut() {
            RequestSettings::lay_over(extensions, settings);
        }
        self
    }
}

impl<S: AsSendBody> Insist<Ureq> for Request<S> {
    fn insist(mut self, settings: &Settings) -> Self {
        RequestSettings::lay_over(self.extensions_mut(), settings);
        self
    }
}
