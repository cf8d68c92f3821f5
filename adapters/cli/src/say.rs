//! Writes words for people to standard error. A stream that cannot be written costs nothing: no result, and no panic.

use std::fmt::Display;
use std::io::{Write, stderr};

use crate::shown::plain;

/// Writes text, its ends of lines included, in which nothing moves the terminal.
pub(crate) fn say_all(text: impl Display) {
    // In one piece, so that lines of several threads or programs do not mix. There is nobody to tell of a failure.
    let _ = stderr().write_all(plain(&text.to_string()).as_bytes());
}

/// Says a line made as by `format!`.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::say_all(format_args!("{}\n", format_args!($($text)*))) };
}
pub(crate) use say;
