//! What an operator does: lists, shows, counts, retries now, revives, cancels, pauses, prunes.

use std::time::Duration;

use insist_core::{Instant, Policy, State, StateError};

use crate::backend::{Change, Row, Transaction};
use crate::calls::Calls;
use crate::error::StoreError;
use crate::filter::Filter;
use crate::shown::{QueueCounts, StoredCall, StoredPolicy};
use crate::status::Status;

/// "Until it is resumed", as an instant: the last that a store can keep.
pub(crate) const FOR_EVER: Instant = Instant::from_nanos(i64::MAX as u64);
/// Limits how many rows one transaction of a prune removes, so that it holds up no worker for long.
const PRUNED_AT_ONCE: usize = 1_000;

impl Calls {
    /// Lists calls, newest first.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn list(&self, filter: &Filter) -> Result<Vec<StoredCall>, StoreError> {
        let now = self.now();
        let mut rows = Vec::new();
        self.read(|from| {
            rows = from.list(now, filter)?;
            Ok(())
        })?;
        Ok(rows.into_iter().map(StoredCall::from).collect())
    }

    /// Finds a call by its key, with its attempts.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn find(&self, key: &str) -> Result<Option<StoredCall>, StoreError> {
        let now = self.now();
        let mut found = None;
        self.read(|from| {
            found = from.find(key)?;
            if let Some(row) = found.as_mut().filter(|row| row.status == Status::Pending) {
                let queues = from.counts(now)?;
                row.status =
                    queues.iter().find(|queue| queue.id == row.queue).map_or(row.status, |queue| queue.shown(now));
            }
            Ok(())
        })?;
        Ok(found.map(StoredCall::from))
    }

    /// Reads the body of a call.
    ///
    /// # Errors
    ///
    /// There is no such call, or the store failed.
    pub fn body(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        let mut body = Vec::new();
        self.read(|from| {
            let row = from.find(key)?.ok_or_else(|| StoreError::NoCall(key.into()))?;
            body = from.body(row.id)?;
            Ok(())
        })?;
        Ok(body)
    }

    /// Counts calls by target, policy and status. It reads one row a target and policy, however many calls there are.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn counts(&self) -> Result<Vec<QueueCounts>, StoreError> {
        let now = self.now();
        let mut counts = Vec::new();
        self.read(|from| {
            counts = from.counts(now)?;
            Ok(())
        })?;
        Ok(counts)
    }

    /// Makes a call due now, whatever it waits for. One that is parked is tried again.
    ///
    /// # Errors
    ///
    /// There is no such call, it is over, or an attempt of it is in flight.
    pub fn retry_now(&self, key: &str) -> Result<(), StoreError> {
        self.change(key, |row, change, now| {
            if row.status.is_over() {
                return Err(StoreError::Status { key: key.into(), status: row.status, what: "retried; revive it" });
            }
            change.state = hastened(row, now)?;
            (change.status, change.due) = (Status::Pending, Some(now));
            Ok(())
        })
    }

    /// Lets a call that failed, was cancelled, or of which nobody knows, go on: its first attempt is due now, their numbers
    /// go on, and it has the limits and the deadline of its policy again.
    ///
    /// # Errors
    ///
    /// There is no such call, it is not over, it was delivered, or it may have reached the server and may not be repeated.
    pub fn revive(&self, key: &str) -> Result<(), StoreError> {
        self.change(key, |row, change, now| {
            if !row.status.is_over() || row.status == Status::Delivered {
                return Err(StoreError::Status { key: key.into(), status: row.status, what: "revived" });
            }
            if let Some(bytes) = &row.state {
                let told = |error| StoreError::State { key: key.into(), error };
                let state = State::<1>::decode(bytes).map_err(told)?;
                if state.has_ended() {
                    // Its worker has the policy, and revives it in earnest; here it is asked whether that may be.
                    state.clone().revive(&Policy::zero(), now).map_err(told)?;
                } else {
                    change.state = hastened(row, now)?;
                }
            }
            (change.status, change.due, change.ended) = (Status::Pending, Some(now), None);
            Ok(())
        })
    }

    /// Cancels a call: nothing is sent any more. An attempt that is in flight goes on, and its outcome is not written down.
    ///
    /// # Errors
    ///
    /// There is no such call, or it is over.
    pub fn cancel(&self, key: &str) -> Result<(), StoreError> {
        self.change(key, |row, change, now| {
            if row.status.is_over() {
                return Err(StoreError::Status { key: key.into(), status: row.status, what: "cancelled" });
            }
            (change.status, change.due, change.ended) = (Status::Cancelled, None, Some(now));
            Ok(())
        })
    }

    /// Pauses a target until then; `None` is until it is resumed. Nothing more is sent to it, and no call is written for it.
    /// The deadlines of its calls go on.
    ///
    /// # Errors
    ///
    /// No call has had this target, or the store failed.
    pub fn pause_target(&self, target: &str, until: Option<Instant>) -> Result<(), StoreError> {
        self.known(target, &mut |to| to.pause_target(target, Some(until.unwrap_or(FOR_EVER))))
    }

    /// Lets a target go on, also if a hint holds it up.
    ///
    /// # Errors
    ///
    /// No call has had this target, or the store failed.
    pub fn resume_target(&self, target: &str) -> Result<(), StoreError> {
        self.known(target, &mut |to| to.pause_target(target, None))
    }

    /// Pauses a policy until then; `None` is until it is resumed.
    ///
    /// # Errors
    ///
    /// No call and no worker has had this policy, or the store failed.
    pub fn pause_policy(&self, policy: &str, until: Option<Instant>) -> Result<(), StoreError> {
        self.known(policy, &mut |to| to.pause_policy(policy, Some(until.unwrap_or(FOR_EVER))))
    }

    /// Lets a policy go on.
    ///
    /// # Errors
    ///
    /// No call and no worker has had this policy, or the store failed.
    pub fn resume_policy(&self, policy: &str) -> Result<(), StoreError> {
        self.known(policy, &mut |to| to.pause_policy(policy, None))
    }

    /// Removes calls with this status that ended longer ago than this. Returns how many. Their keys are forgotten: the same
    /// key can be enqueued again.
    ///
    /// It removes a thousand at a time, so that it holds up no worker.
    ///
    /// # Errors
    ///
    /// The status is one of a call that is not over, or the store failed.
    pub fn prune(&self, status: Status, older_than: Duration) -> Result<u64, StoreError> {
        if !status.is_over() {
            return Err(StoreError::Workers(
                "only calls that are over can be pruned: delivered, failed, unknown, cancelled",
            ));
        }
        let before = self.now().as_nanos().saturating_sub(u64::try_from(older_than.as_nanos()).unwrap_or(u64::MAX));
        let before = Instant::from_nanos(before);
        let mut all = 0;
        loop {
            let mut pruned = 0;
            self.transact(|to| {
                pruned = to.prune(status, before, PRUNED_AT_ONCE)?;
                Ok(())
            })?;
            all += pruned;
            if pruned < PRUNED_AT_ONCE as u64 {
                return Ok(all);
            }
        }
    }

    /// Keeps a text with the name of a policy, for whoever reads it: the `insist` command keeps the policy itself, so that
    /// `insist work` has it.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn define_policy(&self, policy: &str, text: &str) -> Result<(), StoreError> {
        self.transact(|to| to.define_policy(policy, text))
    }

    /// Lists the policies that calls name, that workers had, or that were defined.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn policies(&self) -> Result<Vec<StoredPolicy>, StoreError> {
        let mut policies = Vec::new();
        self.read(|from| {
            policies = from.policies()?;
            Ok(())
        })?;
        Ok(policies)
    }

    fn change(
        &self,
        key: &str,
        mut edit: impl FnMut(&Row, &mut Change, Instant) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.transact(|to| {
            let now = self.now();
            let row = to.find(key)?.ok_or_else(|| StoreError::NoCall(key.into()))?;
            let mut change = Change::of(&row);
            edit(&row, &mut change, now)?;
            to.put(&[change]).map(drop)
        })?;
        self.wake();
        Ok(())
    }

    fn known(
        &self,
        name: &str,
        pause: &mut dyn FnMut(&mut dyn Transaction) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.transact(|to| if pause(to)? { Ok(()) } else { Err(StoreError::NoName(name.into())) })?;
        self.wake();
        Ok(())
    }
}

/// The state of a call whose promised send is due now. What is in flight is left to its worker.
fn hastened(row: &Row, now: Instant) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(bytes) = &row.state else { return Ok(None) };
    // A state that cannot be read stays as it is: its worker says again what is wrong with it.
    let Ok(mut state) = State::<1>::decode(bytes) else { return Ok(row.state.clone()) };
    if state.in_flight_after(0).is_some() && row.status == Status::Pending {
        return Err(StoreError::InFlight(row.key.clone()));
    }
    state.hasten(now);
    let mut buffer = [0; State::<1>::BYTES];
    let told = |error: StateError| StoreError::State { key: row.key.clone(), error };
    Ok(Some(state.encode(&mut buffer).map_err(told)?.to_vec()))
}
