//! reqwest's blocking client, whose calls insist.
//!
//! A client has a thread with a runtime, on which its calls are driven as those of the async client are: with hedges,
//! races, timeouts and cancelling. The caller's thread waits. Hooks and gates run on the client's thread.
//!
//! ```no_run
//! use insist_reqwest::Insist;
//! use insist_reqwest::insisting::Policy;
//! use std::time::Duration;
//!
//! let client = insist_reqwest::blocking::Client::builder()
//!     .policy(Policy::default().lanes(2).hedge_after(Duration::from_millis(100)))
//!     .build()?;
//! let text = client.get("http://example.com/").send()?.text()?;
//! # Ok::<_, insist_reqwest::Error>(())
//! ```
//!
//! It differs from reqwest's in this: the timeout, 30 s unless it is set, is that of the whole call, the reading of the body
//! included; a [`Request`] is that of the async client, and so is its body; the length of a multipart form is not sent; and
//! a body from a reader is kept as it is read, up to the [replay limit](crate::Insist::replay_limit), and sent again.

mod body;
mod builder;
mod client;
mod request;
mod thread;

#[cfg(feature = "multipart")]
pub use reqwest::blocking::multipart;

pub use crate::Request;
pub use body::Body;
pub use builder::ClientBuilder;
pub use client::Client;
pub use request::RequestBuilder;
pub use reqwest::blocking::Response;

/// Makes the call of one GET request, with a client of its own.
///
/// # Errors
///
/// Returns the last error of the call's attempts, or why it had none. A status is no error.
pub fn get<T: crate::IntoUrl>(url: T) -> crate::Result<Response> {
    Client::builder().build()?.get(url).send()
}
