//! HTTP requests as calls: a [`Request`] that is enqueued, and the [`Sender`] that workers send it with.
//!
//! This is the sender of webhooks that people write again and again:
//!
//! ```
//! use std::time::Duration;
//! use insist_store::http::{Request, Sender};
//! use insist_store::{Calls, Policy, Sqlite};
//!
//! const WEBHOOKS: Policy = Policy::exponential(Duration::from_secs(60))
//!     .cap(Duration::from_secs(6 * 3600))
//!     .attempts(20)
//!     .attempt_timeout(Duration::from_secs(10));
//!
//! # let server = insist_flaky::Server::start(insist_flaky::Answer::status(204))?;
//! # let url = server.at("/hooks");
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("calls.db");
//! let calls = Calls::open(Sqlite::file(path))?;
//! let request = Request::post(url)?.header("content-type", "application/json")?.body(br#"{"order":17}"#);
//! calls.enqueue(request.into_call("order-17/paid", "webhooks"))?;
//!
//! let sender = Sender::new().sign(|attempt, request| {
//!     let signature = format!("v1={}", attempt.body().len()); // an HMAC, in earnest
//!     request.headers_mut().insert("x-signature", signature.parse()?);
//!     Ok(())
//! });
//! let working = calls.workers().policy("webhooks", WEBHOOKS).start(move |attempt| sender.send(attempt))?;
//! # while calls.counts()?[0].delivered == 0 { std::thread::sleep(Duration::from_millis(1)); }
//! working.stop()?;
//! # assert_eq!(server.requests()[0].header("idempotency-key"), Some("\"order-17/paid\""));
//! # assert!(server.requests()[0].header("x-signature").is_some());
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # What is concluded from an answer
//!
//! A 2xx is delivered. Statuses that [`Rules`] retry are retried, with their Retry-After, which holds up the whole
//! target; so are connections that fail and answers that do not come in time. Every other answer, a 404 for example, fails the
//! call at once. Redirects are followed as ureq does.
//!
//! # What is kept
//!
//! The request as it is, headers included, so a credential in a header is in the store's file. Sign attempts when they are
//! sent, with [`Sender::sign`], and the file holds no secret.

mod request;
mod sender;

#[doc(no_inline)]
pub use insist_http::Rules;
pub use insist_ureq::http;
pub use request::{Request, RequestError};
pub use sender::{Sender, SignError};
