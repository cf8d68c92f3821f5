//! What the server saw: every request with how it ended, and the counts.

use crate::request::{Request, matches};
use std::ops::Deref;
use std::sync::Arc;

/// Says how a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// It has not: its answer is still waiting or being written.
    Open,
    /// The whole answer was handed to the system.
    Answered,
    /// It failed as scripted.
    Failed,
    /// The client left before its answer was complete.
    Left,
    /// The server gave it up: it was stopped, the script panicked, or the client sent more than 16 MiB ahead.
    Dropped,
}

/// A request that was seen, and how it ended. The request's fields are its own: `seen.path`, `seen.body`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// The request.
    pub request: Arc<Request>,
    /// Says how it ended.
    pub ending: Ending,
}

impl Deref for Seen {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

/// Holds what a server saw up to one moment. It remembers every request for as long as the server lives.
#[derive(Debug, Clone, Default)]
pub struct Record {
    requests: Vec<Seen>,
    connections: usize,
    open: usize,
    disconnects: usize,
    pub(crate) version: u64,
}

impl Record {
    /// Every request that was read whole, in the order of their numbers.
    #[must_use]
    pub fn requests(&self) -> &[Seen] {
        &self.requests
    }

    /// Returns how many requests were read whole. One that was refused as malformed or too large is not counted.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.requests.len()
    }

    /// Returns how many requests were for this path: with this query if `path` has one, else with any.
    #[must_use]
    pub fn hits(&self, path: &str) -> usize {
        self.requests.iter().filter(|seen| matches(&seen.path, path)).count()
    }

    /// Returns how many connections were accepted.
    #[must_use]
    pub const fn connections(&self) -> usize {
        self.connections
    }

    /// Returns how many connections are open now.
    #[must_use]
    pub const fn open_connections(&self) -> usize {
        self.open
    }

    /// Returns how many connections their client closed while a request waited for its answer or the answer was being
    /// written.
    #[must_use]
    pub const fn disconnects(&self) -> usize {
        self.disconnects
    }

    pub(crate) const fn connect(&mut self) {
        self.connections += 1;
        self.open += 1;
    }

    pub(crate) const fn disconnect(&mut self) {
        self.open -= 1;
    }

    pub(crate) fn begin(&mut self, mut request: Request) -> Arc<Request> {
        request.number = self.requests.len() + 1;
        let request = Arc::new(request);
        self.requests.push(Seen { request: Arc::clone(&request), ending: Ending::Open });
        request
    }

    pub(crate) fn end(&mut self, number: usize, ending: Ending) {
        let Some(seen) = self.requests.get_mut(number - 1) else { return };
        if ending == Ending::Left && seen.ending != Ending::Left {
            self.disconnects += 1;
        }
        seen.ending = ending;
    }

    pub(crate) fn is_open(&self, number: usize) -> bool {
        number.checked_sub(1).and_then(|index| self.requests.get(index)).is_some_and(|s| s.ending == Ending::Open)
    }
}
