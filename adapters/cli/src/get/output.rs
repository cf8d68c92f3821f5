//! Where a body goes: a file or a stream at once, or a place in memory and on disk until its turn.

use std::io::{self, Seek, Write};

use tempfile::{SpooledTempFile, spooled_tempfile};

use super::part::Part;
use super::sink::Sink;

/// The most of a body that is kept in memory until its turn: 1 MiB. A longer one is kept in a file without a name.
const IN_MEMORY: usize = 1 << 20;
/// The most of what was written to a stream that is kept, to be compared with a body that begins anew: 1 MiB.
const COMPARED: usize = 1 << 20;

/// Says where a body goes.
pub(super) enum Output {
    /// A file that appears when it is complete.
    File(Sink),
    /// A file that is kept beside its name when it is not complete, to be continued by a later call.
    Part(Part),
    /// A stream, and the beginning of what it was given, as long as all of it is kept.
    Stream(Sink, Option<Vec<u8>>),
    /// A place of its own, until its turn to be written to standard output.
    Turn(SpooledTempFile),
}

impl Output {
    /// Makes the output to a sink. A whole one is written once all of it is there.
    pub(super) fn of(sink: Sink) -> Self {
        if sink.is_file() { Self::File(sink) } else { Self::Stream(sink, Some(Vec::new())) }
    }

    pub(super) fn turn() -> Self {
        Self::Turn(spooled_tempfile(IN_MEMORY))
    }

    /// Returns whether it is a file of the user's, which no error page replaces.
    pub(super) const fn is_file(&self) -> bool {
        matches!(self, Self::File(_) | Self::Part(_))
    }

    /// Returns whether it is standard output, where a person may see it.
    pub(super) const fn is_seen(&self) -> bool {
        matches!(self, Self::Stream(Sink::Stdout(_), _))
    }

    /// Returns whether what was written can be taken back.
    pub(super) const fn can_restart(&self) -> bool {
        !matches!(self, Self::Stream(..))
    }

    /// Returns all that a stream was given, if it is kept.
    pub(super) fn given(&self) -> Option<&[u8]> {
        match self {
            Self::Stream(_, given) => given.as_deref(),
            _ => None,
        }
    }

    /// Takes back what was written.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        match self {
            Self::File(sink) => sink.restart(),
            Self::Part(part) => part.restart(),
            Self::Stream(..) => Ok(()),
            Self::Turn(kept) => {
                kept.set_len(0)?;
                kept.rewind()
            }
        }
    }

    /// Writes a head, which belongs to no version of the body.
    pub(super) fn write_head(&mut self, head: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream(sink, _) => sink.write_all(head),
            other => other.write_all(head),
        }
    }

    /// Completes it, and returns the body that waits for its turn.
    pub(super) fn keep(self) -> io::Result<Option<SpooledTempFile>> {
        match self {
            Self::File(sink) | Self::Stream(sink, _) => sink.keep().map(|()| None),
            Self::Part(part) => part.keep().map(|()| None),
            Self::Turn(mut kept) => kept.rewind().map(|()| Some(kept)),
        }
    }

    /// Gives back what waits for its turn, also of a body that is not complete.
    pub(super) fn incomplete(self) -> Option<SpooledTempFile> {
        match self {
            Self::Turn(mut kept) => kept.rewind().ok().map(|()| kept),
            Self::Part(part) => {
                part.leave();
                None
            }
            Self::File(_) | Self::Stream(..) => None,
        }
    }

    pub(super) fn part(&mut self) -> Option<&mut Part> {
        if let Self::Part(part) = self { Some(part) } else { None }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(sink) => sink.write(bytes),
            Self::Part(part) => part.write(bytes),
            Self::Turn(kept) => kept.write(bytes),
            Self::Stream(sink, given) => {
                let written = sink.write(bytes)?;
                if given.as_ref().is_some_and(|given| given.len() + written > COMPARED) {
                    *given = None;
                }
                if let Some(given) = given {
                    given.extend_from_slice(&bytes[..written]);
                }
                Ok(written)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(sink, _) => sink.flush(),
            // Nobody looks at it before it is complete.
            Self::File(_) | Self::Part(_) | Self::Turn(_) => Ok(()),
        }
    }
}
