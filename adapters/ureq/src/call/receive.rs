//! Reading an answer as a part of its attempt, as a download does that goes on where it broke off.

use std::fmt;
use std::sync::Arc;

use ureq::http::request::Parts;
use ureq::http::{Extensions, Request, Response};
use ureq::{AsSendBody, Body, Error, RequestBuilder};

/// Reads the accepted answer of each attempt as a part of that attempt; a request is given it by [`ReceiveExt::receive`].
///
/// ```
/// use std::io::Read;
/// use std::sync::Mutex;
/// use insist_ureq::http::{HeaderValue, Response, request::Parts};
/// use insist_ureq::insisting::{Receive, ReceiveExt};
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
///
/// let download = std::sync::Arc::new(Download::default());
/// let request = insist_ureq::get("http://example.com/").receive(download.clone());
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

/// Gives requests what reads their answers.
pub trait ReceiveExt: Sized {
    /// Makes the reading of an accepted answer part of its attempt, on the thread of the call. Default: an attempt ends with the
    /// answer's head.
    ///
    /// The call uses one lane, and takes this in place of [`whole_body`](crate::Insist::whole_body).
    #[must_use]
    fn receive(self, receive: Arc<dyn Receive>) -> Self;
}

impl<S: AsSendBody> ReceiveExt for Request<S> {
    fn receive(mut self, receive: Arc<dyn Receive>) -> Self {
        self.extensions_mut().insert(Receiving(receive));
        self
    }
}

impl<Any> ReceiveExt for RequestBuilder<Any> {
    fn receive(mut self, receive: Arc<dyn Receive>) -> Self {
        // If there are no extensions, the builder holds an error, which the call will return.
        if let Some(extensions) = self.extensions_mut() {
            extensions.insert(Receiving(receive));
        }
        self
    }
}

/// Reads the answers to a request, among whose extensions it is.
#[derive(Clone)]
struct Receiving(Arc<dyn Receive>);

impl fmt::Debug for Receiving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiving")
    }
}

/// Takes what reads the answers out of the extensions of a request.
pub(crate) fn take(extensions: &mut Extensions) -> Option<Arc<dyn Receive>> {
    extensions.remove::<Receiving>().map(|receiving| receiving.0)
}
