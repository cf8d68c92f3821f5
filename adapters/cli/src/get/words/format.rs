//! What `-w` writes once a call is over: text with variables, as curl has them.

use std::fmt::Write;
use std::time::Duration;

/// The values of the variables.
pub(in crate::get) struct Values {
    pub(in crate::get) status: Option<u16>,
    pub(in crate::get) url: String,
    pub(in crate::get) size: u64,
    pub(in crate::get) total: Duration,
    pub(in crate::get) retries: u32,
    pub(in crate::get) attempts: u32,
    pub(in crate::get) content_type: String,
    pub(in crate::get) exit: u8,
    pub(in crate::get) problem: String,
    pub(in crate::get) file: String,
    pub(in crate::get) method: String,
}

/// A format that was read.
#[derive(Clone, Debug)]
pub(in crate::get) struct Format(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Variable(&'static str),
}

const VARIABLES: [&str; 13] = [
    "http_code",
    "response_code",
    "url_effective",
    "url",
    "size_download",
    "time_total",
    "num_retries",
    "num_attempts",
    "content_type",
    "exitcode",
    "errormsg",
    "filename_effective",
    "method",
];

/// Reads a format; an error names the variable that is not known.
pub(in crate::get) fn format(text: &str) -> Result<Format, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        parts.push(Part::Text(rest[..at].into()));
        rest = &rest[at..];
        let (part, length) = if let Some(name) = rest.strip_prefix("%{") {
            let Some((name, _)) = name.split_once('}') else { return Err("a `%{` has no `}`".into()) };
            let known = VARIABLES.into_iter().find(|known| *known == name);
            let known =
                known.ok_or_else(|| format!("there is no variable {name}; there are {}", VARIABLES.join(", ")))?;
            (Part::Variable(known), name.len() + 3)
        } else {
            let text = match &rest[..rest.chars().take(2).map(char::len_utf8).sum()] {
                "\\n" => "\n",
                "\\t" => "\t",
                "\\r" => "\r",
                "%%" => "%",
                other => other,
            };
            (Part::Text(text.into()), rest.chars().take(2).map(char::len_utf8).sum())
        };
        parts.push(part);
        rest = &rest[length..];
    }
    parts.push(Part::Text(rest.into()));
    Ok(Format(parts))
}

impl Format {
    /// Fills in the values.
    pub(in crate::get) fn filled(&self, values: &Values) -> String {
        let mut text = String::new();
        for part in &self.0 {
            let _ = match part {
                Part::Text(plain) => text.write_str(plain),
                Part::Variable("http_code" | "response_code") => write!(text, "{:03}", values.status.unwrap_or(0)),
                Part::Variable("url_effective" | "url") => text.write_str(&values.url),
                Part::Variable("size_download") => write!(text, "{}", values.size),
                Part::Variable("time_total") => write!(text, "{:.6}", values.total.as_secs_f64()),
                Part::Variable("num_retries") => write!(text, "{}", values.retries),
                Part::Variable("num_attempts") => write!(text, "{}", values.attempts),
                Part::Variable("content_type") => text.write_str(&values.content_type),
                Part::Variable("exitcode") => write!(text, "{}", values.exit),
                Part::Variable("errormsg") => text.write_str(&values.problem),
                Part::Variable("filename_effective") => text.write_str(&values.file),
                Part::Variable(_) => text.write_str(&values.method),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_escapes_are_filled_in() {
        let values = Values {
            status: Some(200),
            url: "http://h/".into(),
            size: 7,
            total: Duration::from_millis(1500),
            retries: 2,
            attempts: 3,
            content_type: "text/x".into(),
            exit: 0,
            problem: String::new(),
            file: "f".into(),
            method: "GET".into(),
        };
        let filled = |text: &str| format(text).unwrap().filled(&values);
        assert_eq!(filled("%{http_code} %{url}\\n"), "200 http://h/\n");
        assert_eq!(filled("%{size_download};%{time_total};%{num_retries}%%\\t\\ü"), "7;1.500000;2%\t\\ü");
        assert_eq!(filled("plain %"), "plain %");
        assert!(format("%{time_pretransfer}").unwrap_err().contains("time_pretransfer"));
        assert!(format("%{x").is_err());
    }
}
