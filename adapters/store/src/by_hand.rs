//! A worker without threads.

use std::fmt;
use std::sync::Arc;

use insist_core::Instant;

use crate::attempt::Attempt;
use crate::backend::{Clock, Connection};
use crate::crew::Crew;
use crate::error::StoreError;
use crate::outcome::Outcome;

/// A worker that takes its turn when it is told to.
///
/// ```
/// use std::time::Duration;
/// use insist_store::{Calls, NewCall, Policy, Sqlite, Verdict};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("calls.db");
/// let calls = Calls::open(Sqlite::file(path))?;
/// calls.enqueue(NewCall::new("order-17/paid", "webhooks"))?;
///
/// let policy = Policy::default().attempt_timeout(Duration::from_secs(1));
/// let mut worker = calls.workers().policy("webhooks", policy).by_hand()?;
/// let turn = worker.turn(10, |_| Verdict::Accept)?;
/// assert_eq!((turn.sent, turn.next), (1, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ByHand {
    pub(crate) crew: Crew,
    pub(crate) connection: Box<dyn Connection>,
    pub(crate) clock: Clock,
}

/// Tells what a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// The number of attempts that were sent.
    pub sent: usize,
    /// The instant of the next call that is due, or of the next end of a pause; `None` if there is none. It may have come.
    pub next: Option<Instant>,
}

impl ByHand {
    /// Claims at most this many calls that are due, gives each to the handler, one after the other on this thread, and writes
    /// down what came of them.
    ///
    /// # Errors
    ///
    /// The store failed. What was sent and could not be written down is written by the next turn.
    pub fn turn<R: Into<Outcome>>(
        &mut self,
        most: usize,
        handler: impl Fn(&Attempt<'_>) -> R,
    ) -> Result<Turn, StoreError> {
        let clock = Arc::clone(&self.clock);
        let Self { crew, connection, .. } = self;
        let mut claims = Vec::new();
        connection.transact(&mut |to| {
            crew.settle(to)?;
            (claims, _) = crew.claim(to, clock(), most)?;
            Ok(())
        })?;
        crew.settled();
        crew.begin(&claims);
        let mut sent = 0;
        for claimed in claims {
            let finished = claimed.send(&*clock, |attempt| handler(attempt).into());
            sent += usize::from(finished.outcome.is_some());
            crew.finish(finished);
        }
        let mut next = None;
        connection.transact(&mut |to| {
            crew.settle(to)?;
            let now = clock();
            next = if crew.is_anything_due(to, now)? { Some(now) } else { to.next_due(now)? };
            Ok(())
        })?;
        crew.settled();
        Ok(Turn { sent, next })
    }
}

impl fmt::Debug for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByHand").finish_non_exhaustive()
    }
}
