//! Attempts that were recorded, whatever wrote them down.

mod access_log;
mod reports;
mod spans;

use std::path::Path;

/// All attempts of the files that were read.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The hosts that attempts were sent to.
    pub(super) targets: Vec<String>,
    pub(super) attempts: Vec<Attempt>,
    /// Says whether every record says which attempts were the first of their call.
    pub(super) knows_calls: bool,
    /// Names what was read: `reports`, `spans` or `access log`.
    pub(super) kinds: Vec<&'static str>,
}

/// An attempt. Times are nanoseconds since 1970, and spans nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Attempt {
    pub(super) target: usize,
    pub(super) sent: u64,
    pub(super) took: u64,
    pub(super) is_first: bool,
    pub(super) end: End,
}

/// Says how an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The server did its work.
    Answered,
    /// It answered with a status that is worth another attempt.
    Failed(u16),
    /// The connection broke, or was never made.
    Broke,
    /// It did not answer in time.
    Silent,
    /// Nobody waited for it any more.
    Unknown,
}

impl End {
    /// Returns what a status says.
    const fn of_status(status: u16) -> Self {
        match status {
            408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=527 | 529 | 530 => Self::Failed(status),
            // nginx writes 499 where its client left.
            499 => Self::Silent,
            _ => Self::Answered,
        }
    }
}

impl Records {
    /// Reads a file, whose kind its content tells.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), String> {
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("cannot read the records {shown}: {error}"))?;
        let read = if !text.trim_start().starts_with('{') {
            access_log::read(self, &text)
        } else if text.contains("\"resourceSpans\"") {
            spans::read(self, &text)
        } else {
            reports::read(self, &text)
        };
        let (kind, knows_calls) = read.map_err(|problem| format!("records {shown}{problem}"))?;
        self.knows_calls = knows_calls && (self.knows_calls || self.kinds.is_empty());
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
        self.attempts.sort_by_key(|attempt| attempt.sent);
        Ok(())
    }

    /// Keeps the attempts to one target.
    pub(super) fn keep(&mut self, target: &str) -> Result<(), String> {
        let Some(index) = self.targets.iter().position(|name| name == target) else {
            return Err(format!("no attempt was sent to {target:?}; the targets are {}", self.targets.join(", ")));
        };
        self.attempts.retain(|attempt| attempt.target == index);
        self.attempts.iter_mut().for_each(|attempt| attempt.target = 0);
        self.targets = vec![target.to_owned()];
        Ok(())
    }

    /// Returns the number of a target.
    fn target(&mut self, name: &str) -> usize {
        self.targets.iter().position(|known| known == name).unwrap_or_else(|| {
            self.targets.push(name.to_owned());
            self.targets.len() - 1
        })
    }
}

/// Returns the host and port of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host)
}
