//! The words that users of curl type: options of the request, the connection, the retries and the output, with curl's meaning.

pub(super) mod connection;
pub(super) mod format;
pub(super) mod hints;
pub(super) mod multipart;
pub(super) mod request;
pub(super) mod retry;
pub(super) mod span;
