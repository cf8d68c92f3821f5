//! The builder of blocking requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Version};
use reqwest::blocking::Response;
use reqwest::{Error, Request};

use super::body::Body;
use super::client::{Client, wait};
use super::thread::Thread;
use crate::Insist;
use crate::settings::{Reqwest, Settings};

/// reqwest's blocking `RequestBuilder`, whose call insists.
#[must_use = "RequestBuilder does nothing until you 'send' it"]
pub struct RequestBuilder {
    pub(super) builder: crate::RequestBuilder,
    pub(super) thread: Arc<Thread>,
}

impl RequestBuilder {
    fn map(self, map: impl FnOnce(crate::RequestBuilder) -> crate::RequestBuilder) -> Self {
        Self { builder: map(self.builder), ..self }
    }

    /// Assembles a builder from a client and a request.
    pub fn from_parts(client: Client, request: Request) -> Self {
        Self { builder: crate::RequestBuilder::from_parts(client.client, request), thread: client.thread }
    }

    /// Adds a header.
    pub fn header<K, V>(self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|builder| builder.header(key, value))
    }

    /// Adds headers; they replace those of the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|builder| builder.headers(headers))
    }

    /// Sets HTTP basic authentication.
    pub fn basic_auth<U, P>(self, username: U, password: Option<P>) -> Self
    where
        U: fmt::Display,
        P: fmt::Display,
    {
        self.map(|builder| builder.basic_auth(username, password))
    }

    /// Sets HTTP bearer authentication.
    pub fn bearer_auth<T: fmt::Display>(self, token: T) -> Self {
        self.map(|builder| builder.bearer_auth(token))
    }

    /// Sets the body.
    pub fn body<T: Into<Body>>(self, body: T) -> Self {
        let body = body.into().into_async();
        self.map(|builder| builder.body(body))
    }

    /// Sets the timeout of the whole call, in place of the client's.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|builder| builder.timeout(timeout))
    }

    /// Sends a multipart form.
    #[cfg(feature = "multipart")]
    pub fn multipart(self, form: super::multipart::Form) -> Self {
        let kind = format!("multipart/form-data; boundary={}", form.boundary());
        self.header(http::header::CONTENT_TYPE, kind).body(Body::new(form.into_reader()))
    }

    /// Adds to the query of the address.
    #[cfg(feature = "query")]
    pub fn query<T: serde::Serialize + ?Sized>(self, query: &T) -> Self {
        self.map(|builder| builder.query(query))
    }

    /// Sets the version of HTTP.
    pub fn version(self, version: Version) -> Self {
        self.map(|builder| builder.version(version))
    }

    /// Sends a form.
    #[cfg(feature = "form")]
    pub fn form<T: serde::Serialize + ?Sized>(self, form: &T) -> Self {
        self.map(|builder| builder.form(form))
    }

    /// Sends JSON.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, json: &T) -> Self {
        self.map(|builder| builder.json(json))
    }

    /// Builds the request, which can be changed and then executed. Settings of this builder's own are not part of it; see
    /// [`build_split`](Self::build_split).
    ///
    /// # Errors
    ///
    /// What was given to the builder and cannot be sent.
    pub fn build(self) -> Result<Request, Error> {
        self.builder.build()
    }

    /// Builds the request, and returns it with a client that has the settings of this builder.
    ///
    /// The second value is an error if what was given to the builder cannot be sent.
    pub fn build_split(self) -> (Client, Result<Request, Error>) {
        let (client, request) = self.builder.build_split();
        (Client { client, thread: self.thread }, request)
    }

    /// Makes the call, and waits for it.
    ///
    /// # Errors
    ///
    /// Returns the last error of the call's attempts, or why it had none. A status is no error.
    ///
    /// # Panics
    ///
    /// If a hook or a gate panics.
    pub fn send(self) -> Result<Response, Error> {
        wait(&self.thread, self.builder.send())
    }

    /// Copies the builder; `None` if the body is a reader.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        Some(Self { builder: self.builder.try_clone()?, thread: Arc::clone(&self.thread) })
    }
}

impl Insist<Reqwest> for RequestBuilder {
    fn insist(self, settings: &Settings) -> Self {
        self.map(|builder| builder.insist(settings))
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.builder.fmt(f)
    }
}
