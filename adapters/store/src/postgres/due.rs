//! Finds calls that are due: oldest first, and past targets and policies that are paused or have no room. What is found is
//! locked, and what others have locked is left to them.

use std::collections::HashMap;

use ::postgres::GenericClient;
use insist_core::Instant;

use super::rows::{columns, instant, nanos};
use super::transaction::PostgresTransaction;
use crate::backend::{Ask, Row};
use crate::error::StoreError;

/// So many calls that are blocked may be read over on the way to others, before queues are asked one by one.
const READ_OVER: i64 = 1_000;

macro_rules! find {
    ($where:literal, $lock:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", b.body FROM insist_calls c LEFT JOIN insist_bodies b ON b.call = c.id WHERE c.due <= $1 AND ",
            $where,
            " ORDER BY c.due, c.id LIMIT $3",
            $lock
        )
    };
}
const OLDEST: &str = find!("c.queue <> ALL($2)", "");
const OLDEST_LOCKED: &str = find!("c.queue <> ALL($2)", " FOR UPDATE OF c SKIP LOCKED");
const OF_QUEUE: &str = find!("c.queue = $2", "");
const OF_QUEUE_LOCKED: &str = find!("c.queue = $2", " FOR UPDATE OF c SKIP LOCKED");

/// Calls that were picked, and how many to each target.
#[derive(Default)]
struct Picked {
    rows: Vec<Row>,
    taken: HashMap<String, usize>,
}

impl Picked {
    fn room(&self, ask: &Ask<'_>, target: &str) -> usize {
        ask.room(target).saturating_sub(self.taken.get(target).copied().unwrap_or(0))
    }
}

impl<C: GenericClient> PostgresTransaction<'_, C> {
    pub(super) fn find_due(&mut self, ask: &Ask<'_>) -> Result<Vec<Row>, StoreError> {
        let blocked = self.blocked(ask)?;
        let mut picked = Picked::default();
        let has_more = if self.are_many(ask.now, &blocked)? {
            true
        } else {
            let sql = if self.is_writing { OLDEST_LOCKED } else { OLDEST };
            let found = self.query(sql, &[&nanos(ask.now), &blocked, &(ask.want as i64)])?;
            let is_all = found.len() < ask.want;
            self.pick(ask, &found, &mut picked)?;
            // Some were found that have no room, and behind them may be others that have.
            !is_all && picked.rows.len() < ask.want
        };
        if has_more {
            self.by_queue(ask, &blocked, &mut picked)?;
        }
        Ok(picked.rows)
    }

    fn pick(&mut self, ask: &Ask<'_>, found: &[::postgres::Row], picked: &mut Picked) -> Result<(), StoreError> {
        for found in found {
            let mut row = self.named(found)?;
            if picked.rows.len() >= ask.want || picked.room(ask, &row.target) == 0 {
                continue;
            }
            row.body = found.get::<_, Option<Vec<u8>>>(16).unwrap_or_default();
            *picked.taken.entry(row.target.clone()).or_default() += 1;
            picked.rows.push(row);
        }
        Ok(())
    }

    /// Asks each queue in turn, from one that differs each time, until there is enough.
    fn by_queue(&mut self, ask: &Ask<'_>, blocked: &[i64], picked: &mut Picked) -> Result<(), StoreError> {
        const WITH_DUE: &str = "SELECT q.id FROM insist_queues q WHERE q.id <> ALL($2)
            AND EXISTS (SELECT FROM insist_calls c WHERE c.queue = q.id AND c.due <= $1) ORDER BY q.id";
        let mut ids: Vec<i64> =
            self.query(WITH_DUE, &[&nanos(ask.now), &blocked])?.iter().map(|row| row.get(0)).collect();
        if !ids.is_empty() {
            let start = ask.now.as_nanos() as usize % ids.len();
            ids.rotate_left(start);
        }
        let sql = if self.is_writing { OF_QUEUE_LOCKED } else { OF_QUEUE };
        for id in ids {
            if picked.rows.len() >= ask.want {
                return Ok(());
            }
            let queue = self.queue(id)?;
            let room = picked.room(ask, &queue.target).min(ask.want);
            if room == 0 {
                continue;
            }
            // What this transaction has locked is found again.
            let limit = room.saturating_add(picked.rows.len()) as i64;
            let found = self.query(sql, &[&nanos(ask.now), &id, &limit])?;
            let found: Vec<::postgres::Row> = found
                .into_iter()
                .filter(|found| !picked.rows.iter().any(|row| row.id == found.get::<_, i64>(0)))
                .collect();
            self.pick(ask, &found, picked)?;
        }
        Ok(())
    }

    /// The queues that are paused, whose policies are not the worker's, or whose targets have no room.
    fn blocked(&mut self, ask: &Ask<'_>) -> Result<Vec<i64>, StoreError> {
        const BLOCKED: &str = "SELECT q.id FROM insist_queues q JOIN insist_targets t ON t.id = q.target
            JOIN insist_policies p ON p.id = q.policy WHERE t.paused_until > $1 OR t.held_until > $1
            OR p.paused_until > $1 OR p.name <> ALL($2) OR t.name = ANY($3)";
        let policies: Vec<&String> = ask.policies.iter().collect();
        let full: Vec<&String> = ask.busy.keys().filter(|target| ask.room(target) == 0).collect();
        let blocked = self.query(BLOCKED, &[&nanos(ask.now), &policies, &full])?;
        Ok(blocked.iter().map(|row| row.get(0)).collect())
    }

    /// Returns whether so many calls of these queues are due that they are not to be read over.
    fn are_many(&mut self, now: Instant, queues: &[i64]) -> Result<bool, StoreError> {
        const COUNT: &str =
            "SELECT count(*) FROM (SELECT FROM insist_calls WHERE queue = ANY($1) AND due <= $2 LIMIT $3) c";
        if queues.is_empty() {
            return Ok(false);
        }
        let counted = self.query(COUNT, &[&queues, &nanos(now), &READ_OVER])?;
        Ok(counted.first().is_some_and(|row| row.get::<_, i64>(0) >= READ_OVER))
    }

    pub(super) fn find_next_due(&mut self, now: Instant) -> Result<Option<Instant>, StoreError> {
        const NEXT: &str = "SELECT least((SELECT min(due) FROM insist_calls WHERE due > $1),
            (SELECT min(paused_until) FROM insist_targets WHERE paused_until > $1),
            (SELECT min(held_until) FROM insist_targets WHERE held_until > $1),
            (SELECT min(paused_until) FROM insist_policies WHERE paused_until > $1))";
        let found = self.query(NEXT, &[&nanos(now)])?;
        let next = found.first().and_then(|row| row.get::<_, Option<i64>>(0));
        Ok(next.filter(|at| *at < i64::MAX).map(instant))
    }
}
