//! A request as it arrived, whole, and where it stands among the others.

/// A request that has been read whole, its body included.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The method, as it was sent.
    pub method: String,
    /// The target, as it was sent: the path with its query.
    pub path: String,
    /// The header lines in their order. Bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body, without the chunks that it may have come in; at most 16 MiB.
    pub body: Vec<u8>,
    /// The number of the connection that it came on, from 1.
    pub connection: usize,
    /// The number of the request on the server, from 1.
    pub number: usize,
    /// The number of the request on its connection, from 1: above 1, the connection was used again.
    pub number_on_connection: usize,
}

impl Request {
    /// The value of the first header line with this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Returns whether a target is what `path` means: the whole of it where `path` has a query, else all but its query.
pub(crate) fn matches(target: &str, path: &str) -> bool {
    target == path || (!path.contains('?') && target.split('?').next() == Some(path))
}
