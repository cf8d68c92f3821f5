//! Kills and stops, and what has to hold afterwards.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant as Clocked};

use insist_store::{Filter, Status, StoredCall};

use crate::child;
use crate::receiver::{Receiver, Seen};
use crate::words::{key, open, repeat};

/// Calls that are enqueued while the chaos lasts: more than it has time for.
const CALLS: u64 = 1_000_000;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// An enqueuer, and the number up to which its calls were acknowledged.
struct Enqueuer {
    child: Child,
    acknowledged: Arc<AtomicU64>,
}

impl Enqueuer {
    /// Goes on after what was acknowledged.
    fn start(store: &str, acknowledged: &Arc<AtomicU64>) -> Self {
        let mut child = child::enqueuer(store, acknowledged.load(Ordering::SeqCst), CALLS);
        let output = BufReader::new(child.stdout.take().unwrap());
        let to = Arc::clone(acknowledged);
        spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(number) = line.strip_prefix("acknowledged ").and_then(|text| text.parse::<u64>().ok()) {
                    to.fetch_max(number + 1, Ordering::SeqCst);
                }
            }
        });
        Self { child, acknowledged: Arc::clone(acknowledged) }
    }
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn what_was_acknowledged_is_over_in_the_end_and_nothing_is_sent_twice_that_must_not_be() {
    let folder = tempfile::tempdir().unwrap();
    let_loose(&folder.path().join("calls.db").display().to_string());
}

#[cfg(feature = "postgres")]
#[test]
fn the_same_holds_in_postgresql() {
    if let Some(server) = crate::server::Server::get() {
        let_loose(&server.database());
    }
}

fn let_loose(store: &str) {
    let kills = setting("INSIST_KILLS", 12);
    let mut dice = setting("INSIST_SEED", 7).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = move |below: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % below
    };
    let receiver = Receiver::start();
    let mut workers = [0, 1].map(|_| child::worker(store, &receiver.address));
    let mut enqueuer = Enqueuer::start(store, &Arc::default());

    let (mut killed, mut killed_enqueuers, mut stopped) = (0, 0, 0);
    while killed < kills {
        sleep(Duration::from_millis(20 + draw(300)));
        let worker = &mut workers[draw(2) as usize];
        match draw(10) {
            0..=1 => {
                signal(worker, "-STOP");
                sleep(Duration::from_millis(700 + draw(300)));
                signal(worker, "-CONT");
                stopped += 1;
            }
            2..=3 => {
                kill(&mut enqueuer.child);
                // What it printed before it died is read first.
                sleep(Duration::from_millis(30));
                enqueuer = Enqueuer::start(store, &enqueuer.acknowledged);
                (killed, killed_enqueuers) = (killed + 1, killed_enqueuers + 1);
            }
            _ => {
                kill(worker);
                *worker = child::worker(store, &receiver.address);
                killed += 1;
            }
        }
    }
    kill(&mut enqueuer.child);
    sleep(Duration::from_millis(100));
    let acknowledged = enqueuer.acknowledged.load(Ordering::SeqCst);

    let calls = open(store);
    let drained = Clocked::now();
    while calls.counts().unwrap().iter().any(|queue| queue.pending > 0) {
        assert!(drained.elapsed() < Duration::from_secs(300), "it is never worked off: {:?}", calls.counts());
        sleep(Duration::from_millis(50));
    }
    workers.iter_mut().for_each(kill);
    let rows = calls.list(&Filter::new().limit(usize::MAX >> 1)).unwrap();
    let seen = receiver.seen.lock().unwrap();
    let found = Found::of(&rows, &seen, acknowledged);
    println!(
        "{store}: {killed} kills ({killed_enqueuers} of the enqueuer), {stopped} stops; {acknowledged} acknowledged: {found:?}"
    );
    assert!(acknowledged > 0, "nothing was enqueued");
    assert_eq!(found.lost, 0, "acknowledged and lost");
    assert_eq!(found.sent_twice, 0, "the same attempt sent twice");
    assert_eq!(found.repeated, 0, "repeated though it must not be");
    assert_eq!(found.not_delivered, 0, "said delivered and was not");
    assert_eq!(found.over_limit, 0, "more attempts than the policy allows");
    let counts = calls.counts().unwrap();
    for (status, count) in [
        (Status::Delivered, counts.iter().map(|queue| queue.delivered).sum::<u64>()),
        (Status::Failed, counts.iter().map(|queue| queue.failed).sum()),
        (Status::Unknown, counts.iter().map(|queue| queue.unknown).sum()),
    ] {
        assert_eq!(count, rows.iter().filter(|row| row.status == status).count() as u64, "{status} as counted");
    }
}

#[derive(Debug, Default)]
struct Found {
    lost: usize,
    sent_twice: usize,
    repeated: usize,
    not_delivered: usize,
    over_limit: usize,
    #[expect(dead_code, reason = "it is printed")]
    delivered_twice: usize,
    #[expect(dead_code, reason = "it is printed")]
    unknown_but_accepted: usize,
}

impl Found {
    fn of(rows: &[StoredCall], seen: &Seen, acknowledged: u64) -> Self {
        let by_key: HashMap<&str, &StoredCall> = rows.iter().map(|row| (row.key.as_str(), row)).collect();
        // Of each key: how often it came, how often it was accepted, and the largest attempt.
        let mut came: HashMap<&str, (u32, u32, u32)> = HashMap::new();
        for ((key, attempt), (times, is_accepted)) in seen {
            let entry = came.entry(key).or_default();
            entry.0 += times;
            entry.1 += u32::from(*is_accepted);
            entry.2 = entry.2.max(*attempt);
        }
        let accepted = |row: &&StoredCall| came.get(row.key.as_str()).is_some_and(|(_, accepted, _)| *accepted > 0);
        let once: Vec<String> =
            (0..acknowledged + 7).filter(|n| repeat(*n) != insist_store::Repeat::Always).map(key).collect();
        let is = |status| move |row: &&StoredCall| row.status == status;
        Self {
            lost: (0..acknowledged).filter(|n| !by_key.contains_key(key(*n).as_str())).count(),
            sent_twice: seen.values().filter(|(times, _)| *times > 1).count(),
            repeated: once.iter().filter(|key| came.get(key.as_str()).is_some_and(|(times, ..)| *times > 1)).count(),
            not_delivered: rows.iter().filter(is(Status::Delivered)).filter(|row| !accepted(row)).count(),
            over_limit: came.values().filter(|(.., attempt)| *attempt > 6).count(),
            delivered_twice: came.values().filter(|(_, accepted, _)| *accepted > 1).count(),
            unknown_but_accepted: rows.iter().filter(is(Status::Unknown)).filter(accepted).count(),
        }
    }
}
