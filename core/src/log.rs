//! The bounded record of a call's attempts: what was sent, when, and how it ended.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::action::Action;
use crate::attempt::{Attempt, AttemptEnd, Kind};
use crate::time::Instant;

/// The default number of attempts that a log keeps.
const LIMIT: usize = 64;

/// The bounded record of a call's attempts, filled by its driver.
///
/// The first 64 attempts are kept (or as many as [`with_limit`](Self::with_limit) says), the rest are counted. A
/// driver may add a detail to each, such as its status or its error. It allocates when the first attempt is noted.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Log<D = NoDetail> {
    entries: Vec<Entry<D>>,
    #[cfg_attr(feature = "serde", serde(skip))]
    limit: usize,
    dropped: u32,
}

/// The detail of a log whose driver has none. It prints nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[expect(clippy::exhaustive_structs, reason = "it is to be made by its name, and has nothing to say")]
pub struct NoDetail;

impl fmt::Display for NoDetail {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// One attempt of a log.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Entry<D = NoDetail> {
    /// Its id.
    pub attempt: u32,
    /// Its lane, from 0.
    pub lane: u8,
    /// The number of sends that its lane made before it.
    pub retry: u32,
    /// First send, retry or hedge.
    pub kind: Kind,
    /// The instant at which it was sent.
    #[cfg_attr(feature = "serde", serde(rename = "sent_ns"))]
    pub sent: Instant,
    /// The time that it had: the attempt timeout, or what was left of the deadline; `None` is as long as it liked.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub timeout: Option<Duration>,
    /// The instant at which it ended, if it has.
    #[cfg_attr(feature = "serde", serde(rename = "ended_ns"))]
    pub ended: Option<Instant>,
    /// The end that it had, if it has ended.
    pub end: Option<AttemptEnd>,
    /// The detail that its driver gives.
    pub detail: Option<D>,
}

impl<D> Default for Log<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D> Log<D> {
    /// Makes an empty log for 64 attempts.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_limit(LIMIT)
    }

    /// Makes an empty log for this many attempts.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self { entries: Vec::new(), limit, dropped: 0 }
    }

    /// Returns the attempts, in the order in which they were sent.
    #[must_use]
    pub fn entries(&self) -> &[Entry<D>] {
        &self.entries
    }

    /// Returns how many attempts were sent beyond the limit.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }

    /// For drivers: notes what an action says of an attempt: that it was sent, or cancelled.
    pub fn on_action(&mut self, at: Instant, action: &Action) {
        match action {
            Action::Send(attempt) => self.sent(attempt, at),
            Action::Cancel { attempt, reason } => self.ended(*attempt, at, (*reason).into()),
            Action::Wait { .. } | Action::Return(_) | Action::GiveUp(_) => {}
        }
    }

    /// For drivers: notes that an attempt was sent.
    pub fn sent(&mut self, attempt: &Attempt, at: Instant) {
        if self.entries.len() >= self.limit {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.entries.push(Entry {
            attempt: attempt.id,
            lane: attempt.lane,
            retry: attempt.retry,
            kind: attempt.kind,
            sent: at,
            timeout: attempt.timeout(),
            ended: None,
            end: None,
            detail: None,
        });
    }

    /// For drivers: notes that an attempt ended. Only its first end counts.
    pub fn ended(&mut self, attempt: u32, at: Instant, end: AttemptEnd) {
        if let Some(entry) = self.entry(attempt).filter(|entry| entry.end.is_none()) {
            entry.ended = Some(at);
            entry.end = Some(end);
        }
    }

    /// For drivers: notes what is to be said of an attempt.
    pub fn detail(&mut self, attempt: u32, detail: D) {
        if let Some(entry) = self.entry(attempt) {
            entry.detail = Some(detail);
        }
    }

    fn entry(&mut self, attempt: u32) -> Option<&mut Entry<D>> {
        self.entries.iter_mut().find(|entry| entry.attempt == attempt)
    }
}

impl<D: fmt::Display> Entry<D> {
    /// Writes one line, with times from `origin`: `attempt 2 (retry in lane 0): sent at 100ms, ended at 118ms: accept`.
    fn line(&self, f: &mut fmt::Formatter<'_>, origin: Instant) -> fmt::Result {
        let since = |at: Instant| at.saturating_since(origin);
        let Self { attempt, kind, lane, .. } = self;
        write!(f, "attempt {attempt} ({kind} in lane {lane}): sent at {:?}", since(self.sent))?;
        match (self.ended, self.end) {
            (Some(ended), Some(end)) => write!(f, ", ended at {:?}: {end}", since(ended))?,
            _ => f.write_str(", in flight")?,
        }
        match &self.detail {
            // A detail of size 0, such as `NoDetail`, is not printed.
            Some(detail) if size_of::<D>() > 0 => write!(f, " ({detail})"),
            _ => Ok(()),
        }
    }
}

impl<D: fmt::Display> Log<D> {
    /// Writes one line for each attempt, with times from `origin`.
    pub(crate) fn lines(&self, f: &mut fmt::Formatter<'_>, origin: Instant) -> fmt::Result {
        for entry in &self.entries {
            entry.line(f, origin)?;
            f.write_str("\n")?;
        }
        match self.dropped {
            0 => Ok(()),
            dropped => writeln!(f, "and {dropped} more"),
        }
    }
}

/// Prints one line, with times from the send.
impl<D: fmt::Display> fmt::Display for Entry<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line(f, self.sent)
    }
}

/// Prints one line for each attempt, with times from the first send.
impl<D: fmt::Display> fmt::Display for Log<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines(f, self.entries.first().map_or(Instant::ZERO, |entry| entry.sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn each_attempt_is_a_line() {
        let mut log = Log::new();
        log.sent(&Attempt::new(1, 0, 0, Kind::First, u64::MAX), at(0));
        log.sent(&Attempt::new(2, 0, 1, Kind::Hedge, u64::MAX), at(5));
        log.detail(2, "200 OK");
        log.ended(2, at(7), AttemptEnd::Accept);
        log.ended(2, at(9), AttemptEnd::Cancelled);
        assert_eq!(
            log.to_string(),
            "attempt 1 (first in lane 0): sent at 0ns, in flight\n\
             attempt 2 (hedge in lane 1): sent at 5ms, ended at 7ms: accept (200 OK)\n"
        );
    }

    #[test]
    fn a_log_is_bounded_and_counts_what_it_drops() {
        let mut log = Log::<NoDetail>::with_limit(1);
        for id in 1..=3 {
            log.sent(&Attempt::new(id, id - 1, 0, Kind::Retry, u64::MAX), at(0));
            log.detail(id, NoDetail);
            log.ended(id, at(1), AttemptEnd::Stop);
        }
        assert_eq!((log.entries().len(), log.dropped()), (1, 2));
        assert_eq!(log.to_string(), "attempt 1 (retry in lane 0): sent at 0ns, ended at 1ms: stop\nand 2 more\n");
    }
}
