//! reqwest's builder of clients. Its setters are handed on, but for three: `timeout`, which is the whole call's,
//! `redirect`, which is watched, and `retry`, which is off unless it is set.

use std::fmt;
use std::time::Duration;

use reqwest::{Error, redirect, retry};

use crate::client::{Client, Core};
use crate::redirects::watched;
use crate::settings::Settings;

/// reqwest's `ClientBuilder`, whose client insists.
#[must_use]
pub struct ClientBuilder {
    plain: reqwest::ClientBuilder,
    pub(crate) settings: Settings,
    total_timeout: Option<Duration>,
    has_retry: bool,
    has_redirect: bool,
}

impl ClientBuilder {
    /// Makes a builder with reqwest's defaults.
    pub fn new() -> Self {
        Self {
            plain: reqwest::ClientBuilder::new(),
            settings: Settings::new(),
            total_timeout: None,
            has_retry: false,
            has_redirect: false,
        }
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// If TLS cannot be initialized, or the resolver cannot read the system's configuration.
    pub fn build(self) -> Result<Client, Error> {
        let Self { mut plain, settings, total_timeout, has_retry, has_redirect } = self;
        if !has_retry {
            // Otherwise reqwest repeats by itself what HTTP/2 refused, twice for each attempt.
            plain = plain.retry(retry::never());
        }
        if !has_redirect {
            plain = plain.redirect(watched(redirect::Policy::default()));
        }
        Ok(Client { plain: plain.build()?, core: Core::new(settings, total_timeout, true) })
    }

    /// Sets the timeout of a whole call: its attempts, the waits between them, and the reading of the body. Default: none.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { plain: self.plain.timeout(timeout), total_timeout: Some(timeout), ..self }
    }

    /// Sets which redirects are followed. Default: up to 10.
    pub fn redirect(self, policy: redirect::Policy) -> Self {
        Self { plain: self.plain.redirect(watched(policy)), has_redirect: true, ..self }
    }

    /// Sets reqwest's own retries, within each attempt. Default: none, for the calls of this crate insist.
    pub fn retry(self, policy: retry::Builder) -> Self {
        Self { plain: self.plain.retry(policy), has_retry: true, ..self }
    }

    /// Changes reqwest's own builder, for its methods whose types have no names: `connector_layer`, for example. What it
    /// sets of `timeout`, `redirect` and `retry` is not known here.
    pub fn with_reqwest(self, change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        self.map(change)
    }

    pub(crate) fn map(self, map: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        Self { plain: map(self.plain), ..self }
    }
}

setters!();

impl ClientBuilder {
    /// Sets the timeout of each read of an answer. Default: none.
    pub fn read_timeout(self, timeout: Duration) -> Self {
        self.map(|plain| plain.read_timeout(timeout))
    }

    /// Sets how long a connection may take to open. Default: none.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.map(|plain| plain.connect_timeout(timeout))
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("plain", &self.plain).field("settings", &self.settings).finish()
    }
}
