//! The builder of blocking clients.

use std::fmt;
use std::time::Duration;

use reqwest::{Error, redirect, retry};

use super::client::Client;
use super::thread::Thread;
use crate::Insist;
use crate::settings::{Reqwest, Settings};

/// reqwest's blocking `ClientBuilder`, whose client insists.
#[must_use]
pub struct ClientBuilder {
    builder: crate::ClientBuilder,
    timeout: Option<Duration>,
}

impl ClientBuilder {
    /// Makes a builder with reqwest's defaults.
    pub fn new() -> Self {
        Self { builder: crate::ClientBuilder::new(), timeout: Some(Duration::from_secs(30)) }
    }

    /// Makes the client, and starts its thread.
    ///
    /// # Errors
    ///
    /// If TLS cannot be initialized, or the resolver cannot read the system's configuration.
    ///
    /// # Panics
    ///
    /// If there is no thread to be had, as reqwest does.
    pub fn build(self) -> Result<Client, Error> {
        let Self { builder, timeout } = self;
        let builder = timeout.into_iter().fold(builder, crate::ClientBuilder::timeout);
        let thread = match Thread::start() {
            Ok(thread) => thread,
            Err(error) => panic!("the thread of a blocking client cannot start: {error}"),
        };
        Ok(Client { client: builder.build()?, thread })
    }

    /// Sets the timeout of a whole call, or none: its attempts, the waits between them, and the reading of the body.
    /// Default: 30 s.
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { timeout: timeout.into(), ..self }
    }

    /// Sets how long a connection may take to open. Default: none.
    pub fn connect_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        match timeout.into() {
            Some(timeout) => self.map(|plain| plain.connect_timeout(timeout)),
            None => self,
        }
    }

    /// Sets which redirects are followed. Default: up to 10.
    pub fn redirect(self, policy: redirect::Policy) -> Self {
        Self { builder: self.builder.redirect(policy), ..self }
    }

    /// Sets reqwest's own retries, within each attempt. Default: none, for the calls of this crate insist.
    pub fn retry(self, policy: retry::Builder) -> Self {
        Self { builder: self.builder.retry(policy), ..self }
    }

    /// Changes reqwest's own async builder. See [`with_reqwest`](crate::ClientBuilder::with_reqwest).
    pub fn with_reqwest(self, change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        self.map(change)
    }

    fn map(self, map: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        Self { builder: self.builder.map(map), ..self }
    }
}

setters!();

impl Insist<Reqwest> for ClientBuilder {
    fn insist(self, settings: &Settings) -> Self {
        Self { builder: self.builder.insist(settings), ..self }
    }
}

/// Returns a client that shares the connections and the thread of this one.
impl Insist<Reqwest> for Client {
    fn insist(self, settings: &Settings) -> Self {
        Self { client: self.client.insist(settings), ..self }
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.builder.fmt(f)
    }
}
