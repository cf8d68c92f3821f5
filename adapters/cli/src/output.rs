//! Buffered standard output, for text and for lines of JSON.

use std::io::{BufWriter, StdoutLock, Write, stdout};

use serde::Serialize;

use crate::exit::Failure;

/// Returns buffered standard output. Flush it: an error of a write in its drop would be lost.
pub(crate) fn output() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, stdout().lock())
}

/// Writes a value as one line of JSON.
pub(crate) fn json_line(to: &mut impl Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *to, value)?;
    to.write_all(b"\n")?;
    Ok(())
}

/// Returns standard output for people: with colours on a terminal, unless NO_COLOR is set, and without elsewhere.
pub(crate) fn text() -> BufWriter<anstream::AutoStream<StdoutLock<'static>>> {
    BufWriter::with_capacity(1 << 16, anstream::AutoStream::auto(stdout().lock()))
}
