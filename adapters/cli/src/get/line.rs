//! The line of an attempt, the same while a call runs and when it is over.

use std::fmt;
use std::time::Duration;

use insist_core::{Attempt, AttemptEnd, Kind};

use crate::span::Rounded;

/// An attempt, to be printed: `#2 retry in lane 0 of http://one.example/: 100ms to 118ms, status 503, retry`.
pub(super) struct Line {
    pub(super) attempt: u32,
    pub(super) kind: Kind,
    pub(super) lane: u8,
    /// The times since the start of the call.
    pub(super) sent: Duration,
    pub(super) ended: Option<Duration>,
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) end: Option<AttemptEnd>,
}

impl Line {
    /// Begins the line of an attempt in flight.
    pub(super) const fn of(attempt: &Attempt, sent: Duration) -> Self {
        let Attempt { id, kind, lane, .. } = *attempt;
        Self { attempt: id, kind, lane, sent, ended: None, status: None, error: None, end: None }
    }

    /// Says where the attempt was sent.
    pub(super) const fn to<'a>(&'a self, target: &'a str) -> To<'a> {
        To { line: self, target }
    }
}

/// A line with its target.
pub(super) struct To<'a> {
    line: &'a Line,
    target: &'a str,
}

impl fmt::Display for To<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { attempt, kind, lane, sent, ended, status, error, end } = self.line;
        write!(f, "#{attempt} {kind} in lane {lane} of {}: {}", self.target, Rounded(*sent))?;
        if let Some(ended) = ended {
            write!(f, " to {}", Rounded(*ended))?;
        }
        if let Some(status) = status {
            write!(f, ", status {status}")?;
        }
        if let Some(error) = error {
            write!(f, ", {error}")?;
        }
        write!(f, ", {}", end.map_or("in flight", AttemptEnd::as_str))
    }
}
