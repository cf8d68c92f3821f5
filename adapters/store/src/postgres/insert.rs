//! Enqueues calls.

use std::collections::{BTreeSet, HashMap, HashSet};

use ::postgres::GenericClient;
use insist_core::Instant;

use super::rows::nanos;
use super::transaction::PostgresTransaction;
use crate::error::StoreError;
use crate::new_call::NewCall;
use crate::status::Status;

/// The most calls, and the most bytes of their bodies, of one statement.
const CALLS: usize = 1_000;
const BYTES: usize = 16 << 20;

impl<C: GenericClient> PostgresTransaction<'_, C> {
    pub(super) fn insert_calls(&mut self, now: Instant, calls: &[NewCall]) -> Result<Vec<bool>, StoreError> {
        calls.iter().try_for_each(NewCall::check)?;
        let (mut are_new, mut begin) = (Vec::with_capacity(calls.len()), 0);
        while begin < calls.len() {
            let (mut end, mut bytes) = (begin, 0);
            while end < calls.len() && end - begin < CALLS && (end == begin || bytes + calls[end].body.len() <= BYTES) {
                bytes += calls[end].body.len();
                end += 1;
            }
            self.insert_some(now, &calls[begin..end], &mut are_new)?;
            begin = end;
        }
        Ok(are_new)
    }

    fn insert_some(&mut self, now: Instant, calls: &[NewCall], are_new: &mut Vec<bool>) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO insist_calls (key, queue, due, repeat, seed, created, status)
            SELECT key, queue, due, repeat, seed, $6, 'pending'
            FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) u(key, queue, due, repeat, seed)
            ON CONFLICT (key) DO NOTHING RETURNING id, key";
        const BODIES: &str = "INSERT INTO insist_bodies (call, body) SELECT * FROM unnest($1::bigint[], $2::bytea[])";
        // Of calls with the same key the first; in the order of their keys, so that two who enqueue the same do not wait for
        // each other in a circle.
        let mut first: Vec<&NewCall> = Vec::with_capacity(calls.len());
        let mut seen = HashSet::with_capacity(calls.len());
        first.extend(calls.iter().filter(|call| seen.insert(call.key.as_str())));
        first.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        let queues = self.queues_of(&mut first)?;

        let queue_of = |call: &NewCall| queues[&(call.target.as_str(), call.policy.as_str())];
        let keys: Vec<&str> = first.iter().map(|call| call.key.as_str()).collect();
        let of: Vec<i64> = first.iter().map(|call| queue_of(call)).collect();
        let due: Vec<i64> = first.iter().map(|call| nanos(call.due.unwrap_or(now))).collect();
        let repeat: Vec<&str> = first.iter().map(|call| call.repeat.as_str()).collect();
        let seeds: Vec<i64> = first.iter().map(|call| call.seed as i64).collect();
        let inserted = self.query(INSERT, &[&keys, &of, &due, &repeat, &seeds, &nanos(now)])?;
        let ids: HashMap<&str, i64> = inserted.iter().map(|row| (row.get(1), row.get(0))).collect();

        let (mut with_body, mut bodies): (Vec<i64>, Vec<&[u8]>) = (Vec::new(), Vec::new());
        for call in first {
            let Some(id) = ids.get(call.key.as_str()) else { continue };
            if !call.body.is_empty() {
                with_body.push(*id);
                bodies.push(&call.body);
            }
            self.moved(queue_of(call), Status::Pending, 1);
            self.is_due(call.due.unwrap_or(now));
        }
        if !with_body.is_empty() {
            self.query(BODIES, &[&with_body, &bodies])?;
        }
        let mut told = HashSet::with_capacity(ids.len());
        are_new.extend(calls.iter().map(|call| ids.contains_key(call.key.as_str()) && told.insert(call.key.as_str())));
        Ok(())
    }

    /// Returns the numbers of the calls' queues, and makes those that are missing. A key that is known makes no queue; its
    /// call is left out then.
    fn queues_of<'n>(&mut self, calls: &mut Vec<&'n NewCall>) -> Result<HashMap<(&'n str, &'n str), i64>, StoreError> {
        let (mut found, mut missing) = (HashMap::new(), BTreeSet::new());
        for call in calls.iter() {
            let queue = (call.target.as_str(), call.policy.as_str());
            if found.contains_key(&queue) || missing.contains(&queue) {
                continue;
            }
            match self.queues.find(self.client, self.statements, queue.0, queue.1)? {
                Some(id) => drop(found.insert(queue, id)),
                None => drop(missing.insert(queue)),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let keys: Vec<&str> = calls.iter().map(|call| call.key.as_str()).collect();
        let known = self.query("SELECT key FROM insist_calls WHERE key = ANY($1)", &[&keys])?;
        let known: HashSet<&str> = known.iter().map(|row| row.get(0)).collect();
        calls.retain(|call| !known.contains(call.key.as_str()));
        let wanted: BTreeSet<_> = calls.iter().map(|call| (call.target.as_str(), call.policy.as_str())).collect();
        for queue in missing.intersection(&wanted) {
            found.insert(*queue, self.queues.make(self.client, self.statements, queue.0, queue.1)?);
        }
        Ok(found)
    }
}
