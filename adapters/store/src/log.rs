//! The attempts of a call, one line each, as a store keeps them.

use std::fmt;
use std::fmt::Write as _;

use insist_core::Instant;

/// The most attempts that a store keeps of one call: the newest 32.
const KEPT: usize = 32;
/// The most bytes of an error that are kept.
const ERROR_BYTES: usize = 240;

/// One attempt of a call in a store: when it was sent, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// Its number.
    pub attempt: u32,
    /// The instant at which it was sent, since the epoch.
    pub sent: Instant,
    /// The instant at which its outcome was known, since the epoch.
    pub ended: Instant,
    /// Says what was concluded from it.
    pub end: AttemptWord,
    /// The status of its answer, if it had one.
    pub status: Option<u16>,
    /// Says what was wrong with it, on one line, at most 240 bytes.
    pub error: Option<String>,
}

/// Says what was concluded from an attempt of a call in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptWord {
    /// It was accepted.
    Accept,
    /// It failed, and another may mend it.
    Retry,
    /// It failed, and no other will mend it.
    Stop,
    /// Its worker died, or took longer than the lease: nobody knows.
    Lost,
    /// It was accepted after its lease had ended.
    Late,
}

impl AttemptWord {
    const ALL: [Self; 5] = [Self::Accept, Self::Retry, Self::Stop, Self::Lost, Self::Late];

    /// Returns its word: `accept`, `retry`, `stop`, `lost` or `late`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Retry => "retry",
            Self::Stop => "stop",
            Self::Lost => "lost",
            Self::Late => "late",
        }
    }
}

/// Prints its word.
impl fmt::Display for AttemptWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl AttemptRecord {
    /// Reads the lines of a log. A line that is none is left out.
    pub(crate) fn read(log: &str) -> Vec<Self> {
        log.lines().filter_map(Self::parse).collect()
    }

    /// Adds a line to a log, and drops the oldest beyond 32.
    pub(crate) fn append(&self, log: &mut String) {
        let lines = log.lines().count();
        if lines >= KEPT {
            let cut = log.match_indices('\n').nth(lines - KEPT).map_or(log.len(), |(at, _)| at + 1);
            log.drain(..cut);
        }
        let Self { attempt, sent, ended, end, .. } = self;
        let status = self.status.map_or_else(|| "-".into(), |status| status.to_string());
        let error = self.error.as_deref().unwrap_or("-");
        // Writing to a string does not fail.
        let _ = writeln!(log, "{attempt}\t{}\t{}\t{end}\t{status}\t{error}", sent.as_nanos(), ended.as_nanos());
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(6, '\t');
        let attempt = words.next()?.parse().ok()?;
        let sent = Instant::from_nanos(words.next()?.parse().ok()?);
        let ended = Instant::from_nanos(words.next()?.parse().ok()?);
        let word = words.next()?;
        let end = AttemptWord::ALL.into_iter().find(|end| end.as_str() == word)?;
        let status = words.next()?.parse().ok();
        let error = words.next().filter(|error| *error != "-").map(Into::into);
        Some(Self { attempt, sent, ended, end, status, error })
    }
}

/// Makes foreign text fit for a line: no control characters, at most 240 bytes.
pub(crate) fn one_line(text: &str) -> String {
    let mut line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() > ERROR_BYTES {
        let cut = (0..=ERROR_BYTES - 3).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(cut);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(attempt: u32) -> AttemptRecord {
        AttemptRecord {
            attempt,
            sent: Instant::from_nanos(5),
            ended: Instant::from_nanos(9),
            end: AttemptWord::Retry,
            status: Some(503),
            error: Some("busy, try later".into()),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut log = String::new();
        let bare = AttemptRecord { status: None, error: None, end: AttemptWord::Lost, ..record(2) };
        record(1).append(&mut log);
        bare.append(&mut log);
        assert_eq!(AttemptRecord::read(&log), [record(1), bare]);
        assert_eq!(AttemptRecord::read("nothing\n1\t2\n"), []);
    }

    #[test]
    fn the_newest_32_are_kept() {
        let mut log = String::new();
        (1..=100).for_each(|attempt| record(attempt).append(&mut log));
        let kept: Vec<u32> = AttemptRecord::read(&log).iter().map(|record| record.attempt).collect();
        assert_eq!(kept, (69..=100).collect::<Vec<_>>());
    }

    #[test]
    fn foreign_text_stays_on_its_line_and_is_cut() {
        assert_eq!(one_line("a\tb\r\nc\u{1b}[2J"), "a b  c [2J");
        let long = one_line(&"ü".repeat(500));
        assert!(long.len() <= 240 && long.ends_with('…'), "{}", long.len());
    }
}
