//! Opens connections with ureq's connector, and keeps the handle that shuts each of them down.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Connector, ShutdownHandle};

use super::connection::Connection;
use super::scope;

/// A connector whose connections can be cancelled one by one.
pub(crate) struct Cancellable<C>(pub(crate) C);

impl<C: Connector> Connector for Cancellable<C> {
    type Out = Connection<C::Out>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);

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
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            // For a request with its own configuration, ureq rebuilds the TLS configuration, roots included, for each
            // connection.
            request_level: details.request_level && !scope::is_agents_config(),
            resolver: details.resolver,
            now: details.now,
            timeout: scope::limit(details.timeout)?,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::new(register),
        };
        let connected = self.0.connect(&details, chained);
        let sockets = std::mem::take(&mut *sockets.lock().unwrap_or_else(PoisonError::into_inner));
        match connected {
            Ok(inner) => Ok(inner.map(|inner| Connection::new(number, inner, sockets, cancel))),
            Err(error) => {
                if let Some(cancel) = cancel {
                    cancel.release(number);
                }
                Err(error)
            }
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for Cancellable<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
