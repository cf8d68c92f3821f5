//! The transport of an insisting agent: ureq's own, wrapped so that an attempt can be timed and cancelled.
//!
//! ureq's traits for it are in `ureq::unversioned`, which may change in a minor release; so the version is pinned.

mod cancel;
mod connection;
mod connector;
mod resolver;
mod scope;

pub(crate) use cancel::Cancel;
pub(crate) use connector::Cancellable;
pub(crate) use resolver::Timed;
pub(crate) use scope::{Scope, Terms};
