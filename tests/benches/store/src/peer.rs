//! The same with apalis-sqlite: as it comes, when it syncs nothing, and with the durability of a store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_sqlite::{Config, SqliteStorage};
use sqlx::sqlite::SqlitePoolOptions;

use crate::{BATCH, Rates, body, rate};

pub(crate) fn rates(path: &Path, calls: usize, is_durable: bool) -> Rates {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(path, calls, is_durable))
}

fn task() -> String {
    String::from_utf8(body()).unwrap()
}

async fn measure(path: &Path, calls: usize, is_durable: bool) -> Rates {
    // Its set-up turns syncing off on one connection of the pool, which stays the one that is used.
    let options = SqlitePoolOptions::new().before_acquire(move |connection, _| {
        Box::pin(async move {
            if is_durable {
                sqlx::query("PRAGMA synchronous = FULL").execute(connection).await?;
            }
            Ok(true)
        })
    });
    let pool = options.connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap();
    SqliteStorage::setup(&pool).await.unwrap();
    let config = Config::default().queue("bench").batch_size(BATCH);
    let mut backend = SqliteStorage::new(&pool).with_config(config);
    let start = Instant::now();
    for _ in 0..calls / BATCH {
        backend.push_bulk((0..BATCH).map(|_| task()).collect()).await.unwrap();
    }
    let bulk = rate(calls, start.elapsed());
    let start = Instant::now();
    let callers: Vec<_> = (0..BATCH)
        .map(|_| {
            let mut backend = backend.clone();
            tokio::spawn(async move {
                for _ in 0..calls / BATCH {
                    backend.push(task()).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let callers = rate(calls, start.elapsed());

    let done = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let worker = WorkerBuilder::new("bench").backend(backend).data(Arc::clone(&done)).build(work);
    let running = tokio::spawn(async move { worker.run().await });
    while done.load(Ordering::SeqCst) < 2 * calls {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let run = rate(2 * calls, start.elapsed());
    running.abort();
    Rates { bulk, callers, run }
}

async fn work(_: String, done: Data<Arc<AtomicUsize>>) -> Result<(), BoxDynError> {
    done.fetch_add(1, Ordering::SeqCst);
    Ok(())
}
