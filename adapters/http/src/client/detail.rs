//! The detail of an attempt in a report.

use std::fmt;

/// The detail of an attempt: where it was sent, and how it ended. `T` is the client's word for a timeout.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail<T = ()> {
    /// The address that it was sent to. Redirects that were followed are not recorded.
    pub target: String,
    /// The status of its answer, if there was one.
    pub status: Option<u16>,
    /// Its error, if there was one.
    pub error: Option<String>,
    /// The timeout that it exceeded, if it did.
    pub timeout: Option<T>,
}

impl<T> Detail<T> {
    /// Makes the detail of an attempt without an outcome that was sent to this address.
    #[must_use]
    pub const fn new(target: String) -> Self {
        Self { target, status: None, error: None, timeout: None }
    }
}

impl<T> Default for Detail<T> {
    fn default() -> Self {
        Self::new(String::new())
    }
}

/// Prints the address, and the status or the error: `http://one.example/, status 503`.
impl<T> fmt::Display for Detail<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.target)?;
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        match &self.error {
            Some(error) => write!(f, ", {error}"),
            None => Ok(()),
        }
    }
}
