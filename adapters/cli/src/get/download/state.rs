//! What there is of a body between its attempts, and how the next one goes on.

use std::io::{self, ErrorKind, Write};

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{Response, StatusCode};
use insist_ureq::{Body, Error, Timeout};

use super::super::output::Output;
use super::super::part::Note;
use super::super::validator::{content_range, strong_etag, validator};
use super::Trouble;
use super::broken::{BROKE_OFF, broken, stop};

/// Holds what there is of a body, between its attempts.
pub(super) struct State {
    pub(super) to: Option<Output>,
    /// The bytes of the resource that the output has.
    pub(super) got: u64,
    pub(super) note: Note,
    pub(super) etag: Option<String>,
    /// The bytes that came over the network.
    pub(super) came: u64,
    pub(super) has_head: bool,
    /// The request has a range of its own, or asks for another encoding, so that no other range can be asked for.
    pub(super) is_fixed: bool,
    pub(super) is_withheld: bool,
    pub(super) trouble: Trouble,
    /// The status of the last answer.
    pub(super) status: Option<u16>,
}

/// Says where the bytes of an answer go.
pub(super) enum From {
    /// Behind those that there are.
    Here,
    /// The output has this many already, which are the same; they are compared where they are known.
    Skipping(u64),
}

impl State {
    /// Finds out where the bytes of an answer go, and makes the output ready for them.
    pub(super) fn begin(&mut self, answer: &Response<Body>, most: Option<u64>) -> Result<From, Error> {
        let headers = answer.headers();
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse::<u64>().ok());
        let etag = strong_etag(headers);
        let is_same_etag = etag.is_some() && etag == self.etag;
        let mut from = From::Here;
        if answer.status() == StatusCode::PARTIAL_CONTENT && self.got > 0 && !self.is_fixed {
            let (start, total) = content_range(headers).unwrap_or_default();
            let is_other = (etag.is_some() && self.etag.is_some() && !is_same_etag)
                || (total.is_some() && self.note.total.is_some() && total != self.note.total);
            if start != Some(self.got) || is_other {
                self.forget().map_err(|error| self.cannot_write(error))?;
                return Err(broken("the server sent another range than it was asked for".into()));
            }
            self.note.total = total.or(self.note.total);
            // Nothing may be known of the bytes that an unfinished file had.
            self.etag = etag.or(self.etag.take());
            self.note.validator = self.note.validator.take().or(validator(headers));
        } else {
            if self.got > 0 {
                let to = self.to.as_mut();
                match to {
                    Some(to) if to.can_restart() => {
                        self.got = 0;
                        self.has_head = false;
                        to.restart().map_err(|error| self.cannot_write(error))?;
                    }
                    Some(to) if is_same_etag || to.given().is_some() => from = From::Skipping(self.got),
                    _ => {
                        return Err(
                            self.cannot_go_on("the body broke off, and the server does not send the rest of it".into())
                        );
                    }
                }
            }
            let is_encoded = headers.contains_key(CONTENT_ENCODING);
            self.is_fixed |= is_encoded;
            self.note =
                Note { validator: validator(headers).filter(|_| !is_encoded), total: length.filter(|_| !is_encoded) };
            self.etag = etag;
            if let Some(part) = self.to.as_mut().and_then(Output::part) {
                part.note(&self.note).map_err(|error| self.cannot_write(error))?;
            }
        }
        if most.is_some_and(|most| self.note.total.or(length).is_some_and(|total| total > most)) {
            return Err(self.too_large());
        }
        Ok(from)
    }

    /// Begins anew with the next attempt, since what there is cannot be continued.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.note = Note::default();
        match &mut self.to {
            Some(to) if to.can_restart() => {
                self.got = 0;
                self.has_head = false;
                to.restart()
            }
            // What a stream was given cannot be taken back: the next body is compared with it.
            _ => {
                self.etag = None;
                self.is_fixed = true;
                Ok(())
            }
        }
    }

    /// Finds out whether the end of an answer is that of the body: a range may be shorter than what was asked for.
    pub(super) fn is_whole(&mut self, is_range: bool) -> Result<(), Error> {
        match self.note.total.filter(|_| is_range && !self.is_fixed) {
            Some(total) if self.got < total => {
                Err(broken(format!("the range ended after {} of {total} bytes", self.got)))
            }
            Some(total) if self.got > total => {
                self.forget().map_err(|error| self.cannot_write(error))?;
                Err(broken("the range was longer than it said".into()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.as_mut().map_or(Ok(()), |to| to.write_all(bytes))
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.to.as_mut().map_or(Ok(()), Output::flush)
    }

    /// Makes the error of a body that broke off: another attempt may go on, or begin anew.
    pub(super) fn broke_off(&mut self, error: io::Error) -> Error {
        let can_go_on = (self.note.validator.is_some() && !self.is_fixed)
            || self.to.as_ref().is_none_or(|to| to.can_restart() || to.given().is_some())
            || self.got == 0;
        match Error::from(error) {
            // The call is over, or the attempt is.
            Error::Timeout(timeout @ (Timeout::Global | Timeout::PerCall)) if can_go_on => Error::Timeout(timeout),
            error => {
                let text = format!("{BROKE_OFF} after {} bytes: {error}", self.got);
                if can_go_on { broken(text) } else { self.cannot_go_on(text) }
            }
        }
    }

    pub(super) fn cannot_go_on(&mut self, text: String) -> Error {
        self.trouble = Trouble::Broken;
        stop(text)
    }

    pub(super) fn too_large(&mut self) -> Error {
        self.trouble = Trouble::TooLarge;
        stop("the body is larger than --max-filesize".into())
    }

    pub(super) fn cannot_write(&mut self, error: io::Error) -> Error {
        let is_reader = matches!(&self.to, Some(Output::Stream(sink, _)) if sink.is_stdout());
        self.trouble =
            if error.kind() == ErrorKind::BrokenPipe && is_reader { Trouble::ReaderLeft } else { Trouble::Write };
        stop(format!("cannot write the body: {error}"))
    }
}
