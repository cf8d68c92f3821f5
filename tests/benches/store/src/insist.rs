//! Calls in a store.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use insist_store::postgres::postgres::{Client, NoTls};
use insist_store::{Calls, NewCall, Policy, Postgres, Sqlite, Verdict};

use crate::{BATCH, Rates, body, rate};

const POLICY: Policy = Policy::constant(Duration::from_secs(60)).attempts(5).attempt_timeout(Duration::from_secs(10));

/// Says where the calls are.
pub(crate) enum Place {
    File(PathBuf),
    Database(String),
}

fn new(calls: std::ops::Range<usize>) -> impl Iterator<Item = NewCall> {
    calls.map(|n| NewCall::new(format!("order-{n}"), "p").target(format!("t{}", n % 20)).body(body()))
}

impl Place {
    fn open(&self) -> Calls {
        match self {
            Self::File(path) => Calls::open(Sqlite::file(path)).unwrap(),
            Self::Database(url) => Calls::open(Postgres::url(url).unwrap()).unwrap(),
        }
    }

    /// Enqueues in batches, and runs them: each is claimed, nothing is sent, and it is settled.
    pub(crate) fn rates(&self, calls: usize) -> Rates {
        let store = self.open();
        let start = Instant::now();
        for batch in 0..calls / BATCH {
            store.submit(new(batch * BATCH..(batch + 1) * BATCH)).unwrap().wait().unwrap();
        }
        let bulk = rate(calls, start.elapsed());
        let start = Instant::now();
        std::thread::scope(|scope| {
            for caller in 0..BATCH {
                let store = store.clone();
                scope.spawn(move || {
                    for n in 0..calls / BATCH {
                        let target = format!("t{}", n % 20);
                        let call = NewCall::new(format!("{caller}/{n}"), "p").target(target).body(body());
                        store.enqueue(call).unwrap();
                    }
                });
            }
        });
        let callers = rate(calls, start.elapsed());
        let start = Instant::now();
        // Three threads claim up to 99 calls at once.
        let workers = store.workers().policy("p", POLICY).threads(3).per_target(BATCH);
        let working = workers.start(|_| Verdict::Accept).unwrap();
        while store.counts().unwrap().iter().map(|queue| queue.delivered).sum::<u64>() < 2 * calls as u64 {
            std::thread::sleep(Duration::from_millis(1));
        }
        working.stop().unwrap();
        Rates { bulk, callers, run: rate(2 * calls, start.elapsed()) }
    }

    /// Enqueues calls up to a number, and returns the bytes that each takes.
    pub(crate) fn fill(&self, from: usize, to: usize) -> f64 {
        let store = self.open();
        for begin in (from..to).step_by(1_000) {
            store.submit(new(begin..to.min(begin + 1_000))).unwrap().wait().unwrap();
        }
        drop(store);
        self.bytes() / to as f64
    }

    fn bytes(&self) -> f64 {
        match self {
            Self::File(path) => {
                let file = rusqlite::Connection::open(path).unwrap();
                file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
                std::fs::metadata(path).unwrap().len() as f64
            }
            Self::Database(url) => {
                let mut client = Client::connect(url, NoTls).unwrap();
                client.batch_execute("VACUUM ANALYZE").unwrap();
                let size = "SELECT sum(pg_total_relation_size(oid))::float8 FROM pg_class
                    WHERE relname IN ('insist_calls', 'insist_bodies', 'insist_counts', 'insist_queues')";
                client.query_one(size, &[]).unwrap().get(0)
            }
        }
    }

    /// Returns the seconds of some turns that claim a batch and settle it.
    pub(crate) fn claims(&self) -> Vec<f64> {
        let store = self.open();
        let mut worker = store.workers().policy("p", POLICY).per_target(BATCH).by_hand().unwrap();
        let mut turn = || {
            let start = Instant::now();
            assert_eq!(worker.turn(BATCH, |_| Verdict::Accept).unwrap().sent, BATCH);
            start.elapsed().as_secs_f64()
        };
        for _ in 0..5 {
            turn();
        }
        (0..15).map(|_| turn()).collect()
    }
}
