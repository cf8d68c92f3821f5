//! Measures calls in a store, beside a job queue on SQLite in the same run, prints a table in Markdown, and fails when a target
//! is missed. Takes some minutes. PostgreSQL is measured where it is installed.
//!
//! Times are medians of interleaved rounds; on a shared machine only their ratios mean anything. `BENCH_ROUNDS=n` makes more
//! of them, `BENCH_FOLDER=…` is a folder on the disk to be measured.

mod insist;
mod peer;
#[path = "../../../include/postgres.rs"]
mod server;

use std::process::ExitCode;
use std::time::Duration;

use insist::Place;

/// Calls in a batch, and in a round.
pub(crate) const BATCH: usize = 100;
const CALLS: usize = 3_000;
/// The peer takes longer for each.
const PEER_CALLS: usize = 1_000;
const FEW: usize = 10_000;
const MANY: usize = 1_000_000;

/// Returns the body of a call: 100 bytes.
pub(crate) fn body() -> Vec<u8> {
    vec![b'x'; 100]
}

/// Rates of enqueuing and running, in calls a second.
#[derive(Clone, Copy)]
pub(crate) struct Rates {
    /// Enqueued in batches.
    pub(crate) bulk: f64,
    /// Enqueued one at a time by as many callers at once.
    pub(crate) callers: f64,
    pub(crate) run: f64,
}

pub(crate) fn rate(calls: usize, time: Duration) -> f64 {
    calls as f64 / time.as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn medians(rates: &[Rates]) -> Rates {
    Rates {
        bulk: median(rates.iter().map(|rate| rate.bulk).collect()),
        callers: median(rates.iter().map(|rate| rate.callers).collect()),
        run: median(rates.iter().map(|rate| rate.run).collect()),
    }
}

/// Prints a row, and says whether the target was met.
fn row(what: &str, target: &str, measured: &str, is_met: bool) -> bool {
    println!("| {what} | {target} | {measured} | {} |", if is_met { "met" } else { "**missed**" });
    is_met
}

fn main() -> ExitCode {
    let rounds = std::env::var("BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let root = std::env::var_os("BENCH_FOLDER").map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(root).unwrap();
    let server = server::Server::start("on");
    let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
    let (mut peers, mut loose) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let file = |name: &str| folder.path().join(format!("{name}{round}.db"));
        sqlite.push(Place::File(file("insist")).rates(CALLS));
        peers.push(peer::rates(&file("peer"), PEER_CALLS, true));
        loose.push(peer::rates(&file("loose"), PEER_CALLS, false));
        if let Some(server) = &server {
            postgres.push(Place::Database(server.database()).rates(CALLS));
        }
    }
    let (mine, peer, loose) = (medians(&sqlite), medians(&peers), medians(&loose));
    println!("| what | target | measured | |\n|---|---|---|---|");
    let mut are_met = true;
    for (what, least, mine, peer, loose) in [
        ("enqueue, 100 callers at once", 10.0, mine.callers, peer.callers, loose.callers),
        ("enqueue, batches of 100", 0.0, mine.bulk, peer.bulk, loose.bulk),
        ("run, 100 in flight", 10.0, mine.run, peer.run, loose.run),
    ] {
        let ratio = mine / peer;
        let measured = format!("{mine:.0}/s beside {peer:.0}/s: {ratio:.1} × ({loose:.0}/s where it syncs nothing)");
        let target = if least > 0.0 { format!("≥ {least} ×") } else { "–".into() };
        let what = format!("{what}, SQLite, beside apalis-sqlite that syncs");
        are_met &= row(&what, &target, &measured, ratio >= least);
    }
    if !postgres.is_empty() {
        let Rates { bulk, callers, run } = medians(&postgres);
        let measured = format!("{callers:.0}/s, {bulk:.0}/s, {run:.0}/s");
        row("100 callers, batches of 100, run with 100 in flight; PostgreSQL", "–", &measured, true);
    }
    // In memory: a sync takes longer than what is compared.
    let memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let mut places = vec![("SQLite", Place::File(memory.path().join("many.db")), 300.0, 2.0)];
    drop(server);
    let server = server::Server::start("off");
    if let Some(server) = &server {
        places.push(("PostgreSQL", Place::Database(server.database()), 500.0, 2.0));
    }
    for (name, place, bytes, times) in places {
        let few = place.fill(0, FEW);
        let claim_few = median(place.claims());
        let many = place.fill(FEW, MANY);
        let claim_many = median(place.claims());
        let ratio = claim_many / claim_few;
        are_met &= row(
            &format!("bytes a pending call, {name}"),
            &format!("≤ {bytes}"),
            &format!("{many:.0} ({few:.0} at 10⁴)"),
            many <= bytes,
        );
        let measured = format!("{:.1} ms beside {:.1} ms: {ratio:.2} ×", claim_many * 1e3, claim_few * 1e3);
        are_met &= row(
            &format!("a claim of 100 at 10⁶ pending beside 10⁴, {name}"),
            &format!("≤ {times} ×"),
            &measured,
            ratio <= times,
        );
    }
    if are_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
