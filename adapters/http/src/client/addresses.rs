//! Addresses that settings name in place of a request's own.

use std::error;
use std::fmt;
use std::sync::Arc;

use http::Uri;

use super::ReplicaSet;

/// The addresses that settings name in place of the request's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Addresses {
    /// Used in turn, by each call anew.
    Listed(Arc<[Uri]>),
    /// Picked by their health.
    Set(ReplicaSet),
}

/// The error of a list of addresses that no call can go to. Printed, it says which and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressesError(Arc<str>);

impl AddressesError {
    pub(super) fn new(problem: impl Into<Arc<str>>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for AddressesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for AddressesError {}

/// Reads addresses, or returns what is wrong with one of them.
pub(super) fn read<I>(uris: I) -> Result<Arc<[Uri]>, AddressesError>
where
    I: IntoIterator,
    Uri: TryFrom<I::Item>,
    <Uri as TryFrom<I::Item>>::Error: Into<http::Error>,
{
    let uris = (1..).zip(uris).map(|(number, uri): (usize, _)| {
        Uri::try_from(uri).map_err(|error| {
            let error: http::Error = error.into();
            AddressesError::new(format!("replica {number} is not an address: {error}"))
        })
    });
    uris.collect()
}
