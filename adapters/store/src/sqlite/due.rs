//! Finds calls that are due: oldest first, and past targets and policies that are paused or have no room.

use std::collections::{HashMap, HashSet};

use insist_core::Instant;
use rusqlite::params;

use super::errors::told;
use super::rows::{columns, instant, nanos, read};
use super::transaction::SqliteTransaction;
use crate::backend::{Ask, Row};
use crate::error::StoreError;

/// So many more rows than are wanted are looked at in the order of their due times, before queues are asked one by one.
const MORE: usize = 32;

impl SqliteTransaction<'_> {
    pub(super) fn find_due(&mut self, ask: &Ask<'_>) -> Result<Vec<Row>, StoreError> {
        let paused = self.paused(ask.now)?;
        let mut picked = Picked::new(ask, paused);
        let oldest = self.oldest(ask)?;
        let is_all = oldest.len() < ask.want + MORE;
        for row in oldest {
            picked.offer(row);
        }
        // What is blocked must not hide what is not: every queue is asked for its own oldest.
        if picked.rows.len() < ask.want && picked.has_blocked && !is_all {
            self.by_queue(ask, &mut picked)?;
        }
        let mut rows = picked.rows;
        for row in &mut rows {
            row.body = crate::backend::Transaction::body(self, row.id)?;
        }
        Ok(rows)
    }

    fn oldest(&mut self, ask: &Ask<'_>) -> Result<Vec<Row>, StoreError> {
        const OLDEST: &str =
            concat!("SELECT ", columns!(), " FROM insist_calls c WHERE due <= ? ORDER BY due, id LIMIT ?");
        let limit = (ask.want + MORE) as i64;
        self.rows(OLDEST, params![nanos(ask.now), limit])
    }

    /// Asks each queue in turn, from one that differs each time, until there is enough.
    fn by_queue(&mut self, ask: &Ask<'_>, picked: &mut Picked<'_, '_>) -> Result<(), StoreError> {
        const OF_QUEUE: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM insist_calls c WHERE queue = ? AND due <= ? ORDER BY due, id LIMIT ?"
        );
        let mut ids: Vec<i64> = {
            let mut statement =
                self.inner.prepare_cached("SELECT id FROM insist_queues WHERE pending > 0").map_err(told)?;
            let ids = statement.query_map([], |row| row.get(0)).map_err(told)?;
            ids.collect::<Result<_, _>>().map_err(told)?
        };
        if !ids.is_empty() {
            let start = ask.now.as_nanos() as usize % ids.len();
            ids.rotate_left(start);
        }
        for id in ids {
            if picked.rows.len() >= ask.want {
                return Ok(());
            }
            let queue = self.queues.get(self.inner, id)?;
            let room = picked.room(&queue.target, &queue.policy);
            if room == 0 {
                continue;
            }
            // Some of them may be picked already.
            let limit = room.min(ask.want).saturating_add(picked.rows.len());
            for row in self.rows(OF_QUEUE, params![id, nanos(ask.now), limit as i64])? {
                picked.offer(row);
            }
        }
        Ok(())
    }

    fn rows(&mut self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Row>, StoreError> {
        let found: Vec<Row> = {
            let mut statement = self.inner.prepare_cached(sql).map_err(told)?;
            let rows = statement.query_map(params, read).map_err(told)?;
            rows.collect::<Result<_, _>>().map_err(told)?
        };
        found.into_iter().map(|found| self.named(found)).collect()
    }

    /// The names of the targets and of the policies that are paused now.
    fn paused(&mut self, now: Instant) -> Result<Paused, StoreError> {
        let names = |sql| -> Result<HashSet<String>, rusqlite::Error> {
            let mut statement = self.inner.prepare_cached(sql)?;
            let names = statement.query_map([nanos(now)], |row| row.get(0))?;
            names.collect()
        };
        let targets = names(
            "SELECT name FROM insist_targets WHERE (paused_until IS NOT NULL OR held_until IS NOT NULL)
             AND max(coalesce(paused_until, 0), coalesce(held_until, 0)) > ?",
        );
        let targets = targets.map_err(told)?;
        let policies = names("SELECT name FROM insist_policies WHERE paused_until IS NOT NULL AND paused_until > ?")
            .map_err(told)?;
        Ok(Paused { targets, policies })
    }

    pub(super) fn find_next_due(&mut self, now: Instant) -> Result<Option<Instant>, StoreError> {
        let mut next = None;
        for sql in [
            "SELECT min(due) FROM insist_calls WHERE due > ?",
            "SELECT min(paused_until) FROM insist_targets WHERE paused_until IS NOT NULL AND paused_until > ?",
            "SELECT min(held_until) FROM insist_targets WHERE held_until IS NOT NULL AND held_until > ?",
            "SELECT min(paused_until) FROM insist_policies WHERE paused_until IS NOT NULL AND paused_until > ?",
        ] {
            let found: Option<i64> = self
                .inner
                .prepare_cached(sql)
                .and_then(|mut s| s.query_row([nanos(now)], |row| row.get(0)))
                .map_err(told)?;
            let found = found.filter(|at| *at < i64::MAX).map(instant);
            next = match (next, found) {
                (Some(one), Some(other)) => Some(Instant::min(one, other)),
                (one, other) => one.or(other),
            };
        }
        Ok(next)
    }
}

struct Paused {
    targets: HashSet<String>,
    policies: HashSet<String>,
}

/// Calls that were picked, and the room that is left.
struct Picked<'a, 'b> {
    ask: &'a Ask<'b>,
    paused: Paused,
    rows: Vec<Row>,
    ids: HashSet<i64>,
    taken: HashMap<String, usize>,
    has_blocked: bool,
}

impl<'a, 'b> Picked<'a, 'b> {
    fn new(ask: &'a Ask<'b>, paused: Paused) -> Self {
        Self { ask, paused, rows: Vec::new(), ids: HashSet::new(), taken: HashMap::new(), has_blocked: false }
    }

    fn room(&self, target: &str, policy: &str) -> usize {
        let is_paused = self.paused.targets.contains(target) || self.paused.policies.contains(policy);
        if is_paused || !self.ask.policies.contains(policy) {
            return 0;
        }
        self.ask.room(target).saturating_sub(self.taken.get(target).copied().unwrap_or(0))
    }

    fn offer(&mut self, row: Row) {
        if self.rows.len() >= self.ask.want || self.ids.contains(&row.id) {
            return;
        }
        if self.room(&row.target, &row.policy) == 0 {
            self.has_blocked = true;
            return;
        }
        self.ids.insert(row.id);
        *self.taken.entry(row.target.clone()).or_default() += 1;
        self.rows.push(row);
    }
}
