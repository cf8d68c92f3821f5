//! What only a database can be asked: its clock, its notifications, tables that are made by many at once, connections that
//! are lost.

use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant as Clocked, SystemTime, UNIX_EPOCH};

use insist_store::postgres::postgres::fallible_iterator::FallibleIterator;
use insist_store::postgres::postgres::{Client, NoTls};
use insist_store::{Calls, Instant, NewCall, Postgres, StoreError, Verdict};

use crate::home::Home;
use crate::server::Server;
use crate::shared::{SECOND, Shop, until};

fn new(calls: std::ops::Range<u32>) -> impl Iterator<Item = NewCall> {
    calls.map(|n| NewCall::new(format!("k{n}"), "p").target(format!("t{}", n % 7)).body([7; 20]))
}

fn delivered(calls: &Calls) -> u64 {
    calls.counts().unwrap().iter().map(|queue| queue.delivered).sum()
}

#[test]
fn tables_are_made_once_by_however_many_open_at_once() {
    let Some(home) = Home::new() else { return };
    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (home, start) = (&home, &start);
            scope.spawn(move || {
                start.wait();
                let calls = Calls::open(home.store()).unwrap();
                calls.enqueue(NewCall::new(format!("k{n}"), "p")).unwrap();
            });
        }
    });
    assert_eq!(Calls::open(home.store().existing()).unwrap().counts().unwrap()[0].pending, 8);
}

#[test]
fn tables_that_have_to_be_there_are_not_made() {
    let Some(home) = Home::new() else { return };
    let error = Calls::open(home.store().existing()).unwrap_err();
    assert!(matches!(error, StoreError::Missing), "{error:?}");
    home.client().query_one("SELECT 1 WHERE to_regclass('insist_meta') IS NULL", &[]).unwrap();
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let Some(home) = Home::new() else { return };
    drop(Calls::open(home.store()).unwrap());
    home.execute("UPDATE insist_meta SET value = 2 WHERE name = 'version'");
    let error = Calls::open(home.store()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 2, known: 1 }), "{error:?}");
}

#[test]
fn what_may_not_be_written_or_cannot_be_reached_is_said_to_be_so_without_its_password() {
    let Some(home) = Home::new() else { return };
    drop(Calls::open(home.store()).unwrap());
    home.execute("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
    let reader = Postgres::url(&home.url().replace("insist@", "reader:hunter2@")).unwrap();
    let calls = Calls::open(reader).unwrap();
    assert!(calls.find("a").unwrap().is_none(), "it may be read");
    let error = calls.enqueue(NewCall::new("a", "p")).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    assert!(error.source().unwrap().to_string().contains("permission denied"), "{error:?}");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Calls::open(Postgres::url(&format!("postgres://me:hunter2@{nobody}/x")).unwrap()).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable(_)) && error.is_transient(), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let error = Postgres::url("postgres://me:hunter2@host:port/x").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    let error = Calls::open(Postgres::url(&Server::get().unwrap().address("nobody")).unwrap()).unwrap_err();
    assert!(error.source().unwrap().to_string().contains("\"nobody\" does not exist"), "{error:?}");
}

/// The database's clock is an hour ahead of the machine's: whatever is written down has its time.
#[test]
fn the_databases_clock_counts_and_not_the_machines() {
    let Some(home) = Home::new() else { return };
    home.execute(
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
        $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$",
    );
    home.execute(&format!("ALTER DATABASE {} SET search_path = public, pg_catalog", home.name()));
    let calls = Calls::open(home.store()).unwrap();
    calls.enqueue(NewCall::new("a", "p")).unwrap();
    let machine = Instant::from_nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64);
    calls.enqueue(NewCall::new("b", "p").at(machine.checked_add(Duration::from_secs(1800)).unwrap())).unwrap();
    let mut worker = calls.workers().policy("p", SECOND).by_hand().unwrap();
    assert_eq!(worker.turn(10, |_| Verdict::Accept).unwrap().sent, 2, "half an hour has passed in the database");
    for key in ["a", "b"] {
        let call = calls.find(key).unwrap().unwrap();
        for at in [call.created, call.log[0].sent, call.ended.unwrap()] {
            let ahead = at.saturating_since(machine);
            assert!((3_000..4_000).contains(&ahead.as_secs()), "{key}: {ahead:?}");
        }
    }
}

#[test]
fn workers_are_notified_once_a_batch_and_only_of_what_is_due() {
    let Some(home) = Home::new() else { return };
    let calls = Calls::open(home.store()).unwrap();
    let mut listener = home.client();
    listener.batch_execute("LISTEN insist_calls").unwrap();
    let mut heard = || {
        listener.batch_execute("SELECT 1").unwrap();
        listener.notifications().iter().count().unwrap()
    };
    calls.submit(new(0..100)).unwrap().wait().unwrap();
    assert_eq!(heard(), 1);
    let later = Instant::since_epoch().checked_add(Duration::from_secs(3600)).unwrap();
    calls.enqueue(NewCall::new("later", "p").at(later)).unwrap();
    assert_eq!(heard(), 0);
    let mut worker = calls.workers().policy("p", SECOND).per_target(100).by_hand().unwrap();
    assert_eq!(worker.turn(100, |_| Verdict::retry()).unwrap().sent, 100);
    assert_eq!(heard(), 0, "what has to wait is due for nobody");
    calls.retry_now("later").unwrap();
    assert_eq!(heard(), 1);
}

/// Without notifications, each would wait for a second's timer, for half of it on average.
#[test]
fn a_worker_that_is_idle_hears_of_what_another_process_enqueues() {
    let Some(home) = Home::new() else { return };
    let (worker, enqueuer) = (Calls::open(home.store()).unwrap(), Calls::open(home.store()).unwrap());
    let working = worker.workers().policy("p", SECOND).start(|_| Verdict::Accept).unwrap();
    let start = Clocked::now();
    for n in 0..40 {
        enqueuer.enqueue(NewCall::new(format!("k{n}"), "p")).unwrap();
        until("it is delivered", || delivered(&enqueuer) > n);
    }
    assert!(start.elapsed() < Duration::from_secs(14), "{:?}", start.elapsed());
    working.stop().unwrap();
}

#[test]
fn workers_of_many_processes_get_every_call_once() {
    let Some(home) = Home::new() else { return };
    let calls = Calls::open(home.store()).unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let others: Vec<Calls> = (0..4).map(|_| Calls::open(home.store()).unwrap()).collect();
    let working: Vec<_> = others
        .iter()
        .map(|other| {
            let sent = Arc::clone(&sent);
            let workers = other.workers().policy("p", SECOND).threads(4).per_target(4);
            workers
                .start(move |attempt| {
                    assert_eq!(attempt.id(), 1);
                    sent.fetch_add(1, Ordering::SeqCst);
                    Verdict::Accept
                })
                .unwrap()
        })
        .collect();
    for part in 0..10 {
        calls.submit(new(part * 200..part * 200 + 200)).unwrap().wait().unwrap();
    }
    until("all are delivered", || delivered(&calls) == 2_000);
    working.into_iter().for_each(|working| working.stop().unwrap());
    assert_eq!(sent.load(Ordering::SeqCst), 2_000);
}

#[test]
fn the_same_keys_in_opposite_orders_block_nobody() {
    let Some(home) = Home::new() else { return };
    std::thread::scope(|scope| {
        for turned in [false, true] {
            let calls = Calls::open(home.store()).unwrap();
            scope.spawn(move || {
                for round in 0..20 {
                    let mut batch: Vec<NewCall> = new(round * 50..round * 50 + 50).collect();
                    if turned {
                        batch.reverse();
                    }
                    calls.submit(batch).unwrap().wait().unwrap();
                }
            });
        }
    });
    let counts = Calls::open(home.store()).unwrap().counts().unwrap();
    assert_eq!(counts.iter().map(|queue| queue.pending).sum::<u64>(), 1_000);
}

#[test]
fn a_connection_that_is_lost_is_made_again_and_nothing_is_lost_with_it() {
    let Some(home) = Home::new() else { return };
    let calls = Calls::open(home.store()).unwrap();
    // What was claimed by a commit whose answer was lost is sent after its lease.
    let workers = calls.workers().policy("p", SECOND).lease_margin(Duration::from_millis(500));
    let working = workers.start(|_| Verdict::Accept).unwrap();
    let mut killer = home.client();
    let mut acknowledged = 0;
    for round in 0..10 {
        if round % 3 == 1 {
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'insist'
                AND datname = current_database()";
            killer.query(kill, &[]).unwrap();
        }
        // The one that finds out may fail; whoever enqueued tries again.
        let start = Clocked::now();
        while let Err(error) = calls.submit(new(round * 10..round * 10 + 10)).unwrap().wait() {
            assert!(error.is_transient(), "{error:?}");
            assert!(start.elapsed() < Duration::from_secs(20), "it is never made again");
        }
        acknowledged += 10;
    }
    until("all are delivered", || calls.counts().is_ok_and(|_| delivered(&calls) == acknowledged));
    working.stop().unwrap();
}

/// A client of the database would panic on a thread of a runtime.
#[test]
fn calls_are_opened_enqueued_and_dropped_in_a_task_of_a_runtime() {
    let Some(home) = Home::new() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let enqueued = runtime.block_on(async {
        let calls = Calls::open(home.store()).unwrap();
        calls.submit([NewCall::new("a", "p")]).unwrap().await.unwrap()
    });
    assert_eq!(enqueued, [insist_store::Enqueued::New]);
}

/// Counting adds up what transactions moved; adding it up anew changes nothing.
#[test]
fn counts_are_those_of_the_table_however_often_they_are_added_up() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.submit(new(0..50)).unwrap().wait().unwrap();
    for round in 0..5 {
        let mut worker = shop.worker();
        worker.turn(10, |_| if round % 2 == 0 { Verdict::Accept } else { Verdict::Stop }).unwrap();
        let counts = shop.calls.counts().unwrap();
        for (status, counted) in [
            ("pending", counts.iter().map(|queue| queue.pending).sum::<u64>()),
            ("delivered", counts.iter().map(|queue| queue.delivered).sum()),
            ("failed", counts.iter().map(|queue| queue.failed).sum()),
        ] {
            let sql = "SELECT count(*) FROM insist_calls WHERE status = $1";
            let rows: i64 = shop.home.client().query_one(sql, &[&status]).unwrap().get(0);
            assert_eq!(counted, rows as u64, "{status}");
        }
    }
    let rows: i64 = shop.home.client().query_one("SELECT count(*) FROM insist_counts", &[]).unwrap().get(0);
    assert!(rows <= 14, "{rows} rows for 7 queues");
}

/// A server of its own that syncs, since the others do without.
#[test]
fn an_enqueue_is_synced_and_those_of_many_callers_share_their_syncs() {
    let Some(server) = Server::start("on") else { return };
    let url = server.database();
    let store = Postgres::url(&url).unwrap();
    // A connection that ends has told how often it synced.
    let syncs = |enqueue: &dyn Fn(&Calls)| -> i64 {
        let mut client = Client::connect(&url, NoTls).unwrap();
        let mut count = || client.query_one("SELECT wal_sync FROM pg_stat_wal", &[]).unwrap().get::<_, i64>(0);
        let calls = Calls::open(store.clone()).unwrap();
        let before = count();
        enqueue(&calls);
        drop(calls);
        std::thread::sleep(Duration::from_millis(100));
        count() - before
    };
    syncs(&|calls| {
        let _ = calls.enqueue(NewCall::new("first", "p")).unwrap();
    });
    let alone = syncs(&|calls| {
        (0..20).for_each(|n| {
            let _ = calls.enqueue(NewCall::new(format!("a{n}"), "p")).unwrap();
        });
    });
    assert!(alone >= 20, "{alone} syncs for 20 calls, each acknowledged before the next");
    let together = syncs(&|calls| {
        std::thread::scope(|scope| {
            for thread in 0..64 {
                let calls = calls.clone();
                scope.spawn(move || {
                    (0..20).for_each(|n| {
                        let _ = calls.enqueue(NewCall::new(format!("{thread}/{n}"), "p")).unwrap();
                    });
                });
            }
        });
    });
    println!("{alone} syncs for 20 alone, {together} for 1280 of 64 threads");
    assert!(together <= 128, "{together} syncs for 1280 calls");
}
