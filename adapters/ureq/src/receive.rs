//! Reading an answer as a part of its attempt, as a download does that goes on where it broke off.

use ureq::http::Response;
use ureq::http::request::Parts;
use ureq::{Body, Error};

/// Reads the accepted answer of each attempt as a part of that attempt. See [`Settings::receive`].
///
/// ```
/// use std::io::Read;
/// use std::sync::Mutex;
/// use insist_ureq::http::{HeaderValue, Response, request::Parts};
/// use insist_ureq::insisting::Receive;
/// use insist_ureq::{Body, Error};
///
/// /// Keeps what came, and asks for the rest after a body that broke off.
/// #[derive(Default)]
/// struct Download(Mutex<Vec<u8>>);
///
/// impl Receive for Download {
///     fn prepare(&self, request: &mut Parts) {
///         let came = self.0.lock().unwrap().len();
///         if let Some(range) = (came > 0).then(|| format!("bytes={came}-").parse().ok()).flatten() {
///             request.headers.insert("range", range); // with an If-Range in earnest
///         }
///     }
///
///     fn receive(&self, answer: Response<Body>) -> Result<Response<Body>, Error> {
///         let mut came = self.0.lock().unwrap();
///         if answer.status() != 206 {
///             came.clear();
///         }
///         let (head, body) = answer.into_parts();
///         body.into_reader().read_to_end(&mut came)?;
///         Ok(Response::from_parts(head, Body::builder().data([])))
///     }
/// }
/// ```
pub trait Receive: Send + Sync {
    /// Changes the head of an attempt's request before it is sent. Default: leaves it as it is.
    fn prepare(&self, request: &mut Parts) {
        let _ = request;
    }

    /// Reads an answer that the rules accept, and returns the one that the call is to return.
    ///
    /// # Errors
    ///
    /// An error is judged as one of the body: after what breaks off or stalls, the call may be retried; `Error::Other` ends it.
    fn receive(&self, answer: Response<Body>) -> Result<Response<Body>, Error>;

    /// Returns whether the attempt timeout bounds this reading too. Default: no; the deadline does in any case.
    fn is_timed(&self) -> bool {
        false
    }
}
