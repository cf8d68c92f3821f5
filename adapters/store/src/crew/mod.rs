//! What the workers of one process go by, and what they have in flight: claims calls, and settles them.

mod claim;
mod gates;
mod settle;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use insist_core::{Call, Gate, Instant, Policy, Verdict};

use crate::attempt::Attempt;
use crate::backend::{Change, Row, Transaction};
use crate::error::StoreError;
use crate::outcome::Outcome;
use gates::Patient;

/// A gate that the calls of a process share.
pub(crate) type SharedGate = Arc<dyn Gate + Send + Sync>;

/// The call of a row, for as long as its attempt is in flight here.
type LiveCall = Call<Arc<Policy>, Patient, 1>;

/// Holds what the workers of one process go by.
pub(crate) struct Crew {
    pub(crate) policies: HashMap<String, Arc<Policy>>,
    names: HashSet<String>,
    pub(crate) gate: Option<SharedGate>,
    pub(crate) per_target: usize,
    pub(crate) margin: Duration,
    busy: HashMap<String, usize>,
    in_flight: usize,
    /// Changes that the store did not take yet.
    unsettled: Vec<Settled>,
}

/// An attempt that was claimed: written down, and to be sent.
pub(crate) struct Claimed {
    row: Row,
    /// The row as it was before the claim, if the attempt is not sent after all.
    before: Change,
    call: LiveCall,
    id: u32,
    timeout: Duration,
    /// The instant after which it is too late to begin.
    begin_by: Instant,
}

/// An attempt that is over: what came of it, or `None` if it was never sent.
pub(crate) struct Finished {
    pub(crate) claimed: Claimed,
    pub(crate) sent: Instant,
    pub(crate) ended: Instant,
    pub(crate) outcome: Option<Outcome>,
}

/// Holds what is to be written of an attempt that is over.
struct Settled {
    change: Change,
    /// Holds what to write if the row has gone on without it: it was accepted, and that is worth knowing.
    late: Option<crate::log::AttemptRecord>,
    hold: Option<(String, Instant)>,
}

impl Crew {
    pub(crate) fn new(
        policies: HashMap<String, Arc<Policy>>,
        gate: Option<SharedGate>,
        per_target: usize,
        margin: Duration,
    ) -> Self {
        let names = policies.keys().cloned().collect();
        let (busy, unsettled) = (HashMap::new(), Vec::new());
        Self { policies, names, gate, per_target, margin, busy, in_flight: 0, unsettled }
    }

    /// Notes that this process has its policies, and takes up the calls that waited for them.
    pub(crate) fn sign_in(&self, to: &mut dyn Transaction, now: Instant) -> Result<(), StoreError> {
        let names: Vec<String> = self.names.iter().cloned().collect();
        to.serve(&names, now)?;
        to.unpark(&names, now).map(drop)
    }

    /// Notes that this process still has its policies.
    pub(crate) fn still_here(&self, to: &mut dyn Transaction, now: Instant) -> Result<(), StoreError> {
        let names: Vec<String> = self.names.iter().cloned().collect();
        to.serve(&names, now)
    }

    pub(crate) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(crate) fn has_unsettled(&self) -> bool {
        !self.unsettled.is_empty()
    }

    fn took(&mut self, target: &str) {
        self.in_flight += 1;
        if !target.is_empty() {
            *self.busy.entry(target.into()).or_default() += 1;
        }
    }

    fn gave_back(&mut self, target: &str) {
        self.in_flight -= 1;
        if let Some(count) = self.busy.get_mut(target) {
            *count -= 1;
            if *count == 0 {
                self.busy.remove(target);
            }
        }
    }
}

impl Claimed {
    /// Runs the handler, unless it is too late to begin: then another worker may have taken the call over. A panic in it is a
    /// failure of its attempt, which may have been sent.
    pub(crate) fn send(self, now: impl Fn() -> Instant, handler: impl FnOnce(&Attempt<'_>) -> Outcome) -> Finished {
        let sent = now();
        if sent > self.begin_by {
            return self.unsent(sent);
        }
        let Row { key, target, policy, body, created, .. } = &self.row;
        let attempt = Attempt { key, target, policy, body, created: *created, id: self.id, timeout: self.timeout };
        let outcome = catch_unwind(AssertUnwindSafe(|| handler(&attempt)));
        let panicked = |_| Outcome::new(Verdict::retry()).error("the handler panicked");
        let outcome = Some(outcome.unwrap_or_else(panicked));
        Finished { sent, ended: now(), outcome, claimed: self }
    }

    /// Gives it back: it was not sent.
    pub(crate) fn unsent(self, now: Instant) -> Finished {
        Finished { claimed: self, sent: now, ended: now, outcome: None }
    }
}
