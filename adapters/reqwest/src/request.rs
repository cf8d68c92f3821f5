//! reqwest's builder of requests, whose calls insist.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Version};
use reqwest::{Body, Error, Request, Response};

use crate::call::execute;
use crate::client::{Client, Core};
use crate::settings::Settings;

/// reqwest's `RequestBuilder`, whose call insists.
#[must_use = "RequestBuilder does nothing until you 'send' it"]
pub struct RequestBuilder {
    pub(crate) plain: reqwest::RequestBuilder,
    pub(crate) core: Arc<Core>,
    pub(crate) own: Option<Arc<Settings>>,
}

impl RequestBuilder {
    fn map(self, map: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> Self {
        Self { plain: map(self.plain), ..self }
    }

    /// Assembles a builder from a client and a request.
    pub fn from_parts(client: Client, request: Request) -> Self {
        Self { plain: reqwest::RequestBuilder::from_parts(client.plain, request), core: client.core, own: None }
    }

    /// Adds a header.
    pub fn header<K, V>(self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|plain| plain.header(key, value))
    }

    /// Adds headers; they replace those of the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|plain| plain.headers(headers))
    }

    /// Sets HTTP basic authentication.
    pub fn basic_auth<U, P>(self, username: U, password: Option<P>) -> Self
    where
        U: fmt::Display,
        P: fmt::Display,
    {
        self.map(|plain| plain.basic_auth(username, password))
    }

    /// Sets HTTP bearer authentication.
    pub fn bearer_auth<T: fmt::Display>(self, token: T) -> Self {
        self.map(|plain| plain.bearer_auth(token))
    }

    /// Sets the body. One that streams is kept as it is read, up to the [replay limit](crate::Insist::replay_limit), and
    /// sent again.
    pub fn body<T: Into<Body>>(self, body: T) -> Self {
        self.map(|plain| plain.body(body))
    }

    /// Sets the timeout of the whole call: its attempts, the waits between them, and the reading of the body. It takes the
    /// place of the client's.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|plain| plain.timeout(timeout))
    }

    /// Sends a multipart form. It is kept as it is read, up to the [replay limit](crate::Insist::replay_limit), and sent
    /// again.
    #[cfg(feature = "multipart")]
    pub fn multipart(self, form: reqwest::multipart::Form) -> Self {
        self.map(|plain| plain.multipart(form))
    }

    /// Adds to the query of the address.
    #[cfg(feature = "query")]
    pub fn query<T: serde::Serialize + ?Sized>(self, query: &T) -> Self {
        self.map(|plain| plain.query(query))
    }

    /// Sets the version of HTTP.
    pub fn version(self, version: Version) -> Self {
        self.map(|plain| plain.version(version))
    }

    /// Sends a form.
    #[cfg(feature = "form")]
    pub fn form<T: serde::Serialize + ?Sized>(self, form: &T) -> Self {
        self.map(|plain| plain.form(form))
    }

    /// Sends JSON.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, json: &T) -> Self {
        self.map(|plain| plain.json(json))
    }

    /// Builds the request, which can be changed and then executed. Settings of this builder's own are not part of it; see
    /// [`build_split`](Self::build_split).
    ///
    /// # Errors
    ///
    /// What was given to the builder and cannot be sent.
    pub fn build(self) -> Result<Request, Error> {
        self.plain.build()
    }

    /// Builds the request, and returns it with a client that has the settings of this builder.
    ///
    /// The second value is an error if what was given to the builder cannot be sent.
    pub fn build_split(self) -> (Client, Result<Request, Error>) {
        let (plain, request) = self.plain.build_split();
        let core = match self.own {
            None => self.core,
            Some(own) => Core::new(own.over(&self.core.settings), self.core.total_timeout, self.core.sees_redirects),
        };
        (Client { plain, core }, request)
    }

    /// Makes the call.
    ///
    /// # Errors
    ///
    /// Returns the last error of the call's attempts, or why it had none. A status is no error.
    pub fn send(self) -> impl Future<Output = Result<Response, Error>> + use<> {
        let (plain, request) = self.plain.build_split();
        let (core, own) = (self.core, self.own);
        async move { execute(plain, request?, core, own).await }
    }

    /// Copies the builder; `None` if the body streams.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        let plain = self.plain.try_clone()?;
        Some(Self { plain, core: Arc::clone(&self.core), own: self.own.clone() })
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plain.fmt(f)
    }
}
