//! What is wrong with a field of a world file, and where it stands.

use std::ops::Range;

use insist_sim::WorldError;

use crate::options::file::{line, placed};

/// Says what is wrong with a field, which may be missing, and the setting that asks for it.
pub(super) struct Wrong {
    field: &'static str,
    message: String,
    by: String,
}

/// Returns the value of a field that another needs.
pub(super) fn needed<T>(value: Option<T>, field: &'static str, by: &str) -> Result<T, Wrong> {
    value.ok_or_else(|| Wrong { field, message: format!("{field} is missing; {by} needs it"), by: by.into() })
}

impl Wrong {
    pub(super) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into(), by: String::new() }
    }

    /// Returns what is wrong about a whole world, at the field that it names.
    pub(super) fn of(error: &WorldError) -> Self {
        let field = match error {
            WorldError::Number(field, ..) | WorldError::Times(field, _) => field,
            WorldError::Span(..) => "until",
            WorldError::Replica(_) => "replica",
            _ => "",
        };
        Self::new(field, error.to_string())
    }

    /// Returns it with its line: that of the field, or else of what asks for it, in a part of the text or else anywhere.
    pub(super) fn located(&self, text: &str, part: Range<usize>) -> String {
        let Self { field, message, by } = self;
        let has = |line: &str| word(line) == *field && line.contains('=');
        let asks = |line: &str| !by.is_empty() && line.split_whitespace().collect::<Vec<_>>().join(" ").contains(by);
        let find = |text: &str| text.lines().position(has).or_else(|| text.lines().position(asks));
        let first = line(text, &(part.start..part.start));
        let inside = find(text.get(part).unwrap_or_default()).map(|index| index + first);
        match inside.or_else(|| find(text).map(|index| index + 1)) {
            Some(number) => placed(number, field, message),
            None => format!(": {message}"),
        }
    }
}

/// Returns the key of a line, or the name of its table.
pub(super) fn word(line: &str) -> &str {
    line.split_once('=').map_or(line, |(key, _)| key).trim().trim_matches(['[', ']'])
}
