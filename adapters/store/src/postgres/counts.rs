//! Counts calls by queue, without scanning them.

use ::postgres::GenericClient;

use super::rows::instant;
use super::transaction::PostgresTransaction;
use crate::error::StoreError;
use crate::shown::QueueCounts;

impl<C: GenericClient> PostgresTransaction<'_, C> {
    /// Writes what this transaction moved: a row a queue, however many calls it was.
    pub(super) fn count_moves(&mut self) -> Result<(), StoreError> {
        const COUNT: &str = "INSERT INTO insist_counts SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[],
            $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])";
        let moves = std::mem::take(&mut self.moves);
        let moves: Vec<_> = moves.into_iter().filter(|(_, counts)| counts.iter().any(|count| *count != 0)).collect();
        if moves.is_empty() {
            return Ok(());
        }
        let queues: Vec<i64> = moves.iter().map(|(queue, _)| *queue).collect();
        let by = |at: usize| -> Vec<i64> { moves.iter().map(|(_, counts)| counts[at]).collect() };
        self.query(COUNT, &[&queues, &by(0), &by(1), &by(2), &by(3), &by(4), &by(5)]).map(drop)
    }

    /// Adds up what transactions moved, so that counting reads a row a queue and what came since. A queue that
    /// has one row already is left as it is.
    pub(super) fn add_up(&mut self) -> Result<(), StoreError> {
        const ADD_UP: &str = "WITH moved AS (DELETE FROM insist_counts WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM insist_counts WHERE queue IN (SELECT queue FROM insist_counts GROUP BY queue
                HAVING count(*) > 1) FOR UPDATE SKIP LOCKED)) RETURNING *)
            INSERT INTO insist_counts SELECT queue, sum(pending), sum(parked), sum(delivered), sum(failed), sum(unknown),
                sum(cancelled) FROM moved GROUP BY queue";
        self.query(ADD_UP, &[]).map(drop)
    }

    pub(super) fn count_calls(&mut self) -> Result<Vec<QueueCounts>, StoreError> {
        const COUNT: &str = "SELECT q.id, t.name, p.name, coalesce(n.pending, 0), coalesce(n.parked, 0),
            coalesce(n.delivered, 0), coalesce(n.failed, 0), coalesce(n.unknown, 0), coalesce(n.cancelled, 0),
            greatest(t.paused_until, p.paused_until), t.held_until,
            coalesce(p.seen, 0) < (SELECT coalesce(max(seen), 0) FROM insist_policies) - 120000000000
            FROM insist_queues q JOIN insist_targets t ON t.id = q.target JOIN insist_policies p ON p.id = q.policy
            LEFT JOIN (SELECT queue, sum(pending)::bigint AS pending, sum(parked)::bigint AS parked,
                sum(delivered)::bigint AS delivered, sum(failed)::bigint AS failed, sum(unknown)::bigint AS unknown,
                sum(cancelled)::bigint AS cancelled FROM insist_counts GROUP BY queue) n ON n.queue = q.id
            ORDER BY t.name COLLATE \"C\", p.name COLLATE \"C\"";
        let rows = self.query(COUNT, &[])?;
        let counts = rows.iter().map(|row| {
            let count = |column: usize| row.get::<_, i64>(column).max(0) as u64;
            QueueCounts {
                id: row.get(0),
                target: row.get(1),
                policy: row.get(2),
                pending: count(3),
                parked: count(4),
                delivered: count(5),
                failed: count(6),
                unknown: count(7),
                cancelled: count(8),
                paused_until: row.get::<_, Option<i64>>(9).map(instant),
                held_until: row.get::<_, Option<i64>>(10).map(instant),
                is_unserved: row.get(11),
            }
        });
        Ok(counts.collect())
    }
}
