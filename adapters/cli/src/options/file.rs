//! Policy files: TOML, whose errors name the file, the line and the field.

use std::ops::Range;
use std::path::Path;

use insist_core::Policy;
use serde::Deserialize;
use toml::de::{DeTable, Deserializer, Error};

use super::base::Base;
use crate::exit::Failure;
use crate::gates::{Gates, Wrong};

/// Names a policy file as the command line does.
pub(super) fn name(path: &Path) -> String {
    format!("--policy {}", path.display())
}

/// Reads a policy file.
pub(crate) fn read(path: &Path) -> Result<Base, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read the policy file {shown}: {error}")))?;
    let (policy, gates) = parse(&text).map_err(|problem| Failure::Usage(format!("policy file {shown}{problem}")))?;
    Ok(Base { policy, gates, name: name(path) })
}

/// Parses a policy and its gates. An error begins with `: ` or `, line 3`, to follow the name of the file.
pub(crate) fn parse(text: &str) -> Result<(Policy, Gates), String> {
    let mut table = DeTable::parse(text).map_err(|error| syntax_error(text, &error))?;
    let fields = fields(table.get_ref());
    let gates = Gates::take(table.get_mut());
    let policy = Policy::deserialize(Deserializer::from(table)).map_err(|error| policy_error(text, &fields, &error))?;
    let gates = gates.map_err(|Wrong { place, field, message }| placed(line(text, &place), &field, &message))?;
    Ok((policy, gates))
}

/// A field and its place in the text, value included.
struct Field {
    name: String,
    place: Range<usize>,
}

fn fields(table: &DeTable<'_>) -> Vec<Field> {
    let placed = table
        .iter()
        .map(|(key, value)| Field { name: key.get_ref().to_string(), place: key.span().start..value.span().end });
    placed.collect()
}

/// Describes an error of text that is no TOML.
pub(crate) fn syntax_error(text: &str, error: &Error) -> String {
    let message = error.message();
    let Some(span) = error.span() else { return format!(": {message}") };
    let number = line(text, &span);
    let is_key = |key: &&str| !key.is_empty() && words(key).count() == 1;
    match text.lines().nth(number - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim()).filter(is_key) {
        Some(key) => format!(", line {number}, {key}: {message}"),
        None => format!(", line {number}: {message}"),
    }
}

/// Describes an error of TOML that is no policy.
fn policy_error(text: &str, fields: &[Field], error: &Error) -> String {
    let known = Gates::NAMES.iter().fold(String::new(), |known, name| format!("{known}, `{name}`"));
    let is_unknown = error.message().starts_with("unknown field");
    let message = &format!("{}{}", error.message(), if is_unknown { &known } else { "" });
    let holds = |field: &&Field, span: &Range<usize>| field.place.start <= span.start && span.end <= field.place.end;
    // An error of the policy as a whole spans the whole file.
    if let Some(span) = error.span() {
        if let Some(field) = fields.iter().find(|field| holds(field, &span)) {
            return placed(line(text, &span), &field.name, message);
        }
    }
    // Its message begins with the field that is the cause, unless that comes from the preset.
    let named = words(message).find_map(|word| fields.iter().find(|field| field.name == word));
    match named.or_else(|| fields.iter().find(|field| field.name == "preset")) {
        Some(field) => placed(line(text, &field.place), &field.name, message),
        None => format!(": {message}"),
    }
}

/// Adds the field to the place, unless the message names it already.
pub(crate) fn placed(line: usize, field: &str, message: &str) -> String {
    let is_told = !message.starts_with("invalid ") && words(message).any(|word| word == field);
    if is_told { format!(", line {line}: {message}") } else { format!(", line {line}, {field}: {message}") }
}

fn words(message: &str) -> impl Iterator<Item = &str> {
    message.split(|character: char| !character.is_alphanumeric() && character != '_')
}

pub(crate) fn line(text: &str, place: &Range<usize>) -> usize {
    text.bytes().take(place.start).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
