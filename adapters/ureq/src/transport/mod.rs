//! The transport of an insisting agent: ureq's own, wrapped so that an attempt can be timed and cancelled.
//!
//! ureq's traits for it are in `ureq::unversioned`, which may change in a minor release; so the version is pinned.

mod answer_head;
mod cancel;
mod connection;
mod connector;
mod copy;
mod dead_end;
mod default;
mod head;
mod lookup;
mod lookup_threads;
mod scope;
mod socket;
#[cfg(any(feature = "rustls-no-provider", feature = "native-tls-no-default"))]
mod tcp;

pub(crate) use answer_head::Head;
pub(crate) use cancel::Cancel;
pub(crate) use connector::Cancellable;
pub(crate) use copy::{Copy, Framing};
pub(crate) use default::{IS_INTERRUPTIBLE, default_connector};
pub(crate) use lookup::{Late, Limited};
pub(crate) use scope::{Limit, Scope, Terms};
pub(crate) use socket::SocketConnector;
