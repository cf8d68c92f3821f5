//! Opens connections with ureq's connector, and keeps the handle that shuts each of them down.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::transport::{ConnectionDetails, Connector, Either, ShutdownHandle};

use super::cancel::LOOK_UP;
use super::connection::Connection;
use super::dead_end::DeadEnd;
use super::{lookup, scope};

/// A connector whose connections can be cancelled one by one.
pub(crate) struct Cancellable<C> {
    inner: C,
    /// Its connections can be asked whether they have ended without waiting.
    can_probe: bool,
}

impl<C> Cancellable<C> {
    /// Wraps the connectors of [`default_connector`](super::default_connector).
    pub(crate) const fn default(inner: C) -> Self {
        Self { inner, can_probe: true }
    }

    /// Wraps a connector of the user's own.
    pub(crate) const fn own(inner: C) -> Self {
        Self { inner, can_probe: false }
    }
}

impl<C: Connector> Connector for Cancellable<C> {
    type Out = Either<Connection<C::Out>, DeadEnd>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        // A connector within a connector has to know that it failed.
        let is_copied = scope::is_copied();
        match self.open(details, chained) {
            Ok(connection) => Ok(connection.map(Either::A)),
            Err(error) if is_copied => Ok(Some(Either::B(DeadEnd::new(error, details.config.output_buffer_size())))),
            Err(error) => Err(error),
        }
    }
}

impl<C: Connector> Cancellable<C> {
    fn open(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Connection<C::Out>>, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(LOOK_UP + 1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);

        has_port(details.uri)?;
        lookup::failed()?;
        #[cfg(not(feature = "socks-proxy"))]
        has_no_socks(details)?;
        let cancel = scope::cancel();
        if let Some(cancel) = &cancel {
            cancel.check()?;
        }
        let sockets = Arc::new(Mutex::new(Vec::new()));
        let register = {
            let (cancel, sockets) = (cancel.clone(), Arc::clone(&sockets));
            let register = Arc::clone(&details.register_shutdown);
            move |socket: Weak<dyn ShutdownHandle>| {
                // From here on a handshake can be cancelled too.
                if let Some(cancel) = &cancel {
                    cancel.bind(number, &socket)?;
                }
                sockets.lock().unwrap_or_else(PoisonError::into_inner).push(Weak::clone(&socket));
                register(socket)
            }
        };
        // A connector asks for it, to put a tunnel on it.
        let is_below = scope::is_connecting();
        let _connecting = scope::Connecting::begin();
        let (addrs, timeout) = lookup::addresses(details)?;
        let details = ConnectionDetails {
            uri: details.uri,
            addrs,
            config: details.config,
            // For a request with its own configuration, ureq rebuilds the TLS configuration, roots included, for each
            // connection.
            request_level: details.request_level && !scope::is_agents_config(),
            resolver: details.resolver,
            now: details.now,
            timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::new(register),
        };
        let connected = self.inner.connect(&details, chained);
        let sockets = std::mem::take(&mut *sockets.lock().unwrap_or_else(PoisonError::into_inner));
        match connected {
            Ok(inner) => {
                Ok(inner.map(|inner| Connection::new(number, inner, sockets, cancel, self.can_probe, is_below)))
            }
            Err(error) => {
                if let Some(cancel) = cancel {
                    cancel.release(number);
                }
                Err(error)
            }
        }
    }
}

/// Refuses an address whose port is none: it would be taken for one without a port.
fn has_port(uri: &Uri) -> Result<(), Error> {
    let Some(authority) = uri.authority().filter(|authority| authority.port().is_none()) else { return Ok(()) };
    let after_user = authority.as_str().rsplit('@').next().unwrap_or_default();
    match after_user.strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':')) {
        None | Some("") => Ok(()),
        Some(port) => Err(Error::BadUri(format!("port {port} is not from 0 to 65535"))),
    }
}

#[cfg(not(feature = "socks-proxy"))]
fn has_no_socks(details: &ConnectionDetails<'_>) -> Result<(), Error> {
    use ureq::ProxyProtocol::{Http, Https};

    match details.config.proxy() {
        // ureq passes by one of the environment, and panics at others.
        Some(proxy)
            if !matches!(proxy.protocol(), Http | Https) && !proxy.is_from_env() && !proxy.is_no_proxy(details.uri) =>
        {
            let missing = "the proxy speaks SOCKS; switch the feature socks-proxy on, or name another";
            Err(Error::ConnectProxyFailed(missing.into()))
        }
        _ => Ok(()),
    }
}

impl<C: fmt::Debug> fmt::Debug for Cancellable<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_of_16_bits() {
        let read = |uri: &str| has_port(&uri.parse().unwrap()).map_err(|error| error.to_string());
        for fine in
            ["http://a.example/", "http://a.example:80", "http://u:99999@[::1]:65535/", "http://[::1]/", "http://a:"]
        {
            assert_eq!(read(fine), Ok(()), "{fine}");
        }
        assert_eq!(read("http://127.0.0.1:99999/"), Err("bad uri: port 99999 is not from 0 to 65535".into()));
        assert!(read("http://u:1@[::1]:65536/").is_err());
    }
}
