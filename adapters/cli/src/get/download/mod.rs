//! A body on its way to its output: continued where it broke off if the server allows, else begun anew if the output allows.

mod broken;
mod state;

use std::io::{ErrorKind, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::header::{ACCEPT_ENCODING, IF_RANGE, RANGE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, Version};
use insist_ureq::insisting::Receive;
use insist_ureq::{Body, Error};

use self::broken::broken;
pub(super) use self::broken::{BROKE_OFF, is_broken};
use self::state::{From, State};
use super::output::Output;
use super::part::Note;
use super::validator::content_range;

/// The size of the buffer.
const PIECE: usize = 64 << 10;

/// Says what becomes of answers whose status is 400 or more, but that are not retried, or were retried in vain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ErrorPages {
    /// They are written to streams, and replace no file.
    ToStreams,
    /// They are written nowhere, and are a failure: `--fail`.
    Nowhere,
    /// They are written everywhere, and are a failure: `--fail-with-body`.
    Everywhere,
}

/// Holds what is wanted of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) pages: ErrorPages,
    /// The head is written before the body.
    pub(super) head: bool,
    /// The most bytes that it may have.
    pub(super) most: Option<u64>,
    /// The attempt timeout bounds the body too.
    pub(super) is_timed: bool,
}

/// Says what came to be of a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trouble {
    None,
    /// It broke off, and could not be continued.
    Broken,
    /// It is larger than it may be.
    TooLarge,
    /// It cannot be written.
    Write,
    /// It cannot be written since its reader has left.
    ReaderLeft,
}

/// A body on its way, through all attempts of a call.
pub(super) struct Download {
    wanted: Wanted,
    state: Mutex<State>,
    /// Is told of each piece: its length, what there is, and the length of the whole if it is known.
    seen: Box<dyn Fn(u64, u64, Option<u64>) + Send + Sync>,
}

/// Tells what came of a body in the end.
pub(super) struct Downloaded {
    pub(super) output: Option<Output>,
    pub(super) trouble: Trouble,
    pub(super) came: u64,
    /// The answer was kept from the output, as an error page.
    pub(super) is_withheld: bool,
    /// The status of the last answer.
    pub(super) status: Option<u16>,
}

impl Download {
    /// Begins with nothing, or with the bytes of an unfinished file.
    pub(super) fn new(
        wanted: Wanted,
        mut to: Output,
        note: Note,
        seen: impl Fn(u64, u64, Option<u64>) + Send + Sync + 'static,
    ) -> Self {
        let got = to.part().map_or(0, |part| part.length());
        let state = State {
            to: Some(to),
            got,
            note,
            etag: None,
            came: 0,
            has_head: false,
            is_fixed: false,
            is_withheld: false,
            trouble: Trouble::None,
            status: None,
        };
        Self { wanted, state: Mutex::new(state), seen: Box::new(seen) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the output out, once the call is over.
    pub(super) fn end(&self) -> Downloaded {
        let mut state = self.lock();
        Downloaded {
            output: state.to.take(),
            trouble: state.trouble,
            came: state.came,
            is_withheld: state.is_withheld,
            status: state.status,
        }
    }

    /// Writes the last answer of a call that gave up, unless something of another was written already.
    pub(super) fn receive_last(&self, answer: Response<Body>) -> Result<(), Error> {
        {
            let mut state = self.lock();
            let has_begun =
                state.got > 0 && state.to.as_mut().is_none_or(|to| !to.can_restart() || to.part().is_some());
            state.is_withheld = has_begun || self.is_withheld(&state, answer.status());
            if state.is_withheld {
                return Ok(());
            }
            // It is no version of what came before.
            state.note = Note::default();
            state.etag = None;
        }
        self.receive(answer).map(drop)
    }

    fn is_withheld(&self, state: &State, status: StatusCode) -> bool {
        let is_error = status.as_u16() >= 400;
        is_error
            && match self.wanted.pages {
                ErrorPages::Nowhere => true,
                ErrorPages::ToStreams => state.to.as_ref().is_some_and(Output::is_file),
                ErrorPages::Everywhere => false,
            }
    }
}

impl Receive for Download {
    fn prepare(&self, request: &mut Parts) {
        let mut state = self.lock();
        state.is_fixed = request.headers.contains_key(RANGE)
            || request.headers.contains_key(ACCEPT_ENCODING)
            || request.method != Method::GET;
        if state.got == 0 || state.is_fixed {
            return;
        }
        let is_known = state.note.validator.is_some();
        // Nothing is known of what curl left, which is trusted to be of the same resource, as curl does.
        let is_left = !is_known && state.etag.is_none() && state.came == 0;
        if let Some(validator) =
            state.note.validator.as_ref().and_then(|validator| HeaderValue::from_str(validator).ok())
        {
            request.headers.insert(IF_RANGE, validator);
        }
        if is_known || is_left {
            request.headers.insert(
                RANGE,
                HeaderValue::from_str(&format!("bytes={}-", state.got)).unwrap_or(HeaderValue::from_static("bytes=0-")),
            );
        }
    }

    fn receive(&self, mut answer: Response<Body>) -> Result<Response<Body>, Error> {
        let mut state = self.lock();
        let state = &mut *state;
        state.status = Some(answer.status().as_u16());
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE && state.got > 0 && !state.is_fixed {
            return self.not_satisfiable(state, answer);
        }
        state.is_withheld = self.is_withheld(state, answer.status());
        if state.is_withheld {
            return Ok(answer);
        }
        let from = state.begin(&answer, self.wanted.most)?;
        if let From::Here = from {
            if self.wanted.head && !state.has_head {
                let head = head(&answer);
                if let Err(error) = state.to.as_mut().map_or(Ok(()), |to| to.write_head(head.as_bytes())) {
                    return Err(state.cannot_write(error));
                }
                state.has_head = true;
            }
        }
        self.copy(state, &mut answer, from)?;
        Ok(answer)
    }

    fn is_timed(&self) -> bool {
        self.wanted.is_timed
    }
}

impl Download {
    /// Concludes from a 416: the bytes are all there are, or they are of something else.
    fn not_satisfiable(&self, state: &mut State, answer: Response<Body>) -> Result<Response<Body>, Error> {
        let total = content_range(answer.headers()).and_then(|(_, total)| total);
        if total == Some(state.got) {
            let (mut head, body) = answer.into_parts();
            head.status = StatusCode::OK;
            return Ok(Response::from_parts(head, body));
        }
        state.forget().map_err(|error| state.cannot_write(error))?;
        Err(broken("the range that was asked for is not there any more".into()))
    }

    fn copy(&self, state: &mut State, answer: &mut Response<Body>, from: From) -> Result<(), Error> {
        let mut skipped = 0;
        let to_skip = if let From::Skipping(bytes) = from { bytes } else { 0 };
        let is_range = answer.status() == StatusCode::PARTIAL_CONTENT;
        let mut reader = answer.body_mut().as_reader();
        let mut piece = vec![0; PIECE];
        loop {
            let length = match reader.read(&mut piece) {
                Ok(0) if skipped < to_skip => {
                    return Err(state.cannot_go_on("the body is shorter than the one before it".into()));
                }
                Ok(0) => return state.is_whole(is_range),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(state.broke_off(error)),
            };
            state.came += length as u64;
            let mut bytes = &piece[..length];
            let same = (to_skip - skipped).min(length as u64) as usize;
            if same > 0 {
                let given = state.to.as_ref().and_then(Output::given).and_then(|given| given.get(skipped as usize..));
                if given.is_some_and(|given| !given.starts_with(&bytes[..same])) {
                    return Err(state.cannot_go_on("the body broke off, and the next one begins otherwise".into()));
                }
                skipped += same as u64;
                bytes = &bytes[same..];
            }
            if self.wanted.most.is_some_and(|most| state.got + bytes.len() as u64 > most) {
                return Err(state.too_large());
            }
            // A body that arrives slowly is seen as it arrives.
            if let Err(error) = state.write(bytes).and_then(|()| state.flush()) {
                return Err(state.cannot_write(error));
            }
            state.got += bytes.len() as u64;
            (self.seen)(length as u64, state.got, state.note.total);
        }
    }
}

/// Writes a head as it came.
pub(super) fn head(answer: &Response<Body>) -> String {
    let version = if answer.version() == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let reason = answer.status().canonical_reason().unwrap_or_default();
    let mut head = format!("{version} {} {reason}", answer.status().as_u16()).trim_end().to_owned() + "\r\n";
    for (name, value) in answer.headers() {
        head += &format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    head + "\r\n"
}
