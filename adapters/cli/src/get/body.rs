//! Makes the request's body of `-d`, `--data-binary` and `--form`; the first two are read as curl reads them.

use std::io::{self, Read};

use crate::exit::Failure;

/// The content type of an HTML form (WHATWG URL Standard, section 5), which curl also sends with `-d`.
pub(crate) const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Makes the body from the options; `None` if there is none.
pub(crate) fn body(data: &[String], binary: &[String], form: &[(String, String)]) -> Result<Option<Vec<u8>>, Failure> {
    if !form.is_empty() {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        return Ok(Some(body.into_bytes()));
    }
    let text = data.iter().map(|text| part(text, "-d").map(without_line_ends));
    let parts: Vec<Vec<u8>> = text
        .chain(binary.iter().map(|text| part(text, "--data-binary").map(|read| read.bytes)))
        .collect::<Result<_, _>>()?;
    Ok(if parts.is_empty() { None } else { Some(parts.join(&b'&')) })
}

/// Splits `name=value`, for clap.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a name and a value are needed, as in name=value")?;
    Ok((name.into(), value.into()))
}

pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    is_file: bool,
}

/// Returns the text itself, or the content of what it names: `@file`, or `@-` for standard input.
pub(super) fn part(text: &str, option: &str) -> Result<Part, Failure> {
    let Some(name) = text.strip_prefix('@') else {
        return Ok(Part { bytes: text.into(), is_file: false });
    };
    let read = if name == "-" { read_all(io::stdin().lock()) } else { std::fs::read(name) };
    match read {
        Ok(bytes) => Ok(Part { bytes, is_file: true }),
        Err(error) => Err(Failure::Usage(format!("cannot read what {option} {text} names: {error}"))),
    }
}

fn read_all(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Removes line ends, as curl does for files that `-d` names.
fn without_line_ends(part: Part) -> Vec<u8> {
    let mut bytes = part.bytes;
    if part.is_file {
        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    }
    bytes
}
