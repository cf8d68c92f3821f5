//! ureq's default connectors, with a [`Socket`](super::socket::Socket) below TLS.

use ureq::unversioned::transport::{Connector, Transport};

use super::socket::SocketConnector;
#[cfg(any(feature = "rustls-no-provider", feature = "native-tls-no-default"))]
use super::tcp::InterruptibleTcp;

/// True if an attempt can be interrupted while these connectors connect, unless it goes through a SOCKS proxy.
pub(crate) const IS_INTERRUPTIBLE: bool = cfg!(any(feature = "rustls-no-provider", feature = "native-tls-no-default"));

/// Makes the connectors of an agent that has none of its own: those of ureq's `DefaultConnector`, in its order.
#[cfg(any(feature = "rustls-no-provider", feature = "native-tls-no-default"))]
pub(crate) fn default_connector() -> impl Connector<(), Out = impl Transport> {
    #[cfg(feature = "native-tls-no-default")]
    use ureq::unversioned::transport::NativeTlsConnector;
    #[cfg(feature = "rustls-no-provider")]
    use ureq::unversioned::transport::RustlsConnector;
    #[cfg(feature = "socks-proxy")]
    use ureq::unversioned::transport::SocksConnector;
    use ureq::unversioned::transport::{ConnectProxyConnector, TcpConnector};

    let inner = ();
    #[cfg(feature = "socks-proxy")]
    let inner = Connector::<()>::chain(inner, SocksConnector::default());
    let inner = Connector::<()>::chain(inner, ConnectProxyConnector::default());
    let inner = inner.chain(InterruptibleTcp).chain(TcpConnector::default()).chain(SocketConnector);
    #[cfg(feature = "rustls-no-provider")]
    let inner = inner.chain(RustlsConnector::default());
    #[cfg(feature = "native-tls-no-default")]
    let inner = inner.chain(NativeTlsConnector::default());
    inner
}

/// The same without a feature for TLS: another crate may have switched one of ureq's on.
#[cfg(not(any(feature = "rustls-no-provider", feature = "native-tls-no-default")))]
pub(crate) fn default_connector() -> impl Connector<(), Out = impl Transport> {
    ureq::unversioned::transport::DefaultConnector::default().chain(SocketConnector)
}
