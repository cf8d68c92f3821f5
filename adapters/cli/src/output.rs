//! Standard output, buffered, and lines of JSON on it.

use std::io::{BufWriter, StdoutLock, Write, stdout};

use serde::Serialize;

use crate::exit::Failure;

/// Standard output; flush it, as what is left unwritten when it is dropped fails silently.
pub(crate) fn output() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, stdout().lock())
}

/// One value as one line of JSON.
pub(crate) fn json_line(to: &mut impl Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *to, value)?;
    to.write_all(b"\n")?;
    Ok(())
}

/// Standard output for people: colours on a terminal, unless NO_COLOR says otherwise, and none elsewhere.
pub(crate) fn text() -> BufWriter<anstream::AutoStream<StdoutLock<'static>>> {
    BufWriter::with_capacity(1 << 16, anstream::AutoStream::auto(stdout().lock()))
}
