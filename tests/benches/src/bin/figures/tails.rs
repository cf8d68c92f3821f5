//! The slow tail of a server, and what hedging makes of it: 8 workers, 8000 requests, 95 % of answers after 2 ms and 5 %
//! after 100 ms; then the same with a median of 20 ms, for clients that have seen the 2 ms. The requests are counted at the
//! server.
//!
//! The server's sleeps rule these times; a busy machine still moves them, so clients are measured in turn, and what is
//! judged is the ratio to plain ureq's in the same phase.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::Insist;
use insist_ureq::insisting::{Latencies, Policy};

use crate::table::{AT_P95, HEDGED, Row, TAILS, Table};

const WORKERS: u32 = 8;
const TURNS: u32 = 8;
/// In each turn.
const REQUESTS: u32 = 1000;
/// Milliseconds that most answers take, before the drift and after it.
const MEDIANS: [u64; 2] = [2, 20];
/// Holds what slow answers take on top.
const TAIL: Duration = Duration::from_millis(98);

const RETRIED: Policy = Policy::exponential(Duration::from_millis(100)).attempts(3).lanes(2);
/// A second request once the first has been slower than nearly all of them are.
const FIXED: Policy = RETRIED.hedge_after(Duration::from_millis(5));
/// The same, and nearly all of them are the latest.
const FOLLOWING: Policy = RETRIED.hedge_at(95.0);

/// Times in milliseconds, and how many requests the server saw for each that was asked for.
struct Tail {
    p50: f64,
    p95: f64,
    p99: f64,
    amplification: f64,
}

pub(crate) fn measure() -> Result<[Table; 2], Box<dyn Error>> {
    let idle = WORKERS as usize;
    let plain = ureq::Agent::config_builder().max_idle_connections_per_host(idle).build().new_agent();
    let config = || insist_ureq::Agent::config_builder().max_idle_connections_per_host(2 * idle);
    let fixed: insist_ureq::Agent = config().policy(FIXED).build().into();
    let following: insist_ureq::Agent = config().policy(FOLLOWING).gate(Latencies::new()).build().into();
    let mut plain = Client::new(move |url| Ok(plain.get(url).call()?.body_mut().read_to_vec()?.len()))?;
    let mut fixed = Client::new(move |url| Ok(fixed.get(url).call()?.body_mut().read_to_vec()?.len()))?;
    let mut following = Client::new(move |url| Ok(following.get(url).call()?.body_mut().read_to_vec()?.len()))?;
    let mut phase = |median: u64| -> Result<[Tail; 3], Box<dyn Error>> {
        for _ in 0..TURNS {
            plain.turn(median)?;
            fixed.turn(median)?;
            following.turn(median)?;
        }
        Ok([plain.tail(), fixed.tail(), following.tail()])
    };

    let mut fast = Table::new("Tails: 95 % of answers after 2 ms, 5 % after 100 ms; 8 workers, 8000 requests", TAILS);
    push(&mut fast, &phase(MEDIANS[0])?, &[(HEDGED, [1.1, 0.1, 1.1]), (AT_P95, [1.1, 0.12, 1.08])]);
    let mut slow = Table::new("The same after the median has gone from 2 to 20 ms", TAILS);
    push(&mut slow, &phase(MEDIANS[1])?, &[(AT_P95, [1.1, 0.9, 1.08])]);
    Ok([fast, slow])
}

/// Adds the rows of a phase. A target is the most that a column's p50, p99 and requests should be.
fn push(table: &mut Table, tails: &[Tail; 3], targets: &[(&'static str, [f64; 3])]) {
    let mut row = |row: Row, figure: fn(&Tail, &Tail) -> f64| {
        let cells = TAILS.iter().zip(tails).map(|(column, tail)| (*column, figure(tail, &tails[0])));
        table.push(cells.fold(row, |row, (column, figure)| row.with(column, figure)));
    };
    let judged = |what: &str, which: usize| {
        targets.iter().fold(Row::new(what).ratios(), |row, (column, most)| row.at_most(column, most[which]))
    };
    row(Row::new("p50, ms").millis(), |tail, _| tail.p50);
    row(Row::new("p95, ms").millis(), |tail, _| tail.p95);
    row(Row::new("p99, ms").millis(), |tail, _| tail.p99);
    row(judged("p50, plain is 1", 0), |tail, plain| tail.p50 / plain.p50);
    row(judged("p99, plain is 1", 1), |tail, plain| tail.p99 / plain.p99);
    row(judged("requests at the server for each call", 2), |tail, _| tail.amplification);
}

/// A client, and a server of its own.
struct Client<G> {
    get: G,
    server: Server,
    /// Milliseconds.
    median: Arc<AtomicU64>,
    times: Vec<Duration>,
    /// The requests of earlier phases.
    before: usize,
}

impl<G> Client<G>
where
    G: Fn(&str) -> Result<usize, Box<dyn Error>> + Clone + Send + 'static,
{
    fn new(get: G) -> Result<Self, Box<dyn Error>> {
        let median = Arc::new(AtomicU64::new(0));
        let now = Arc::clone(&median);
        // Every twentieth at random: the upper bits of the request's number times an odd constant.
        let answer = move |number: usize| {
            let draw = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let most = Duration::from_millis(now.load(Ordering::Relaxed));
            Answer::ok("hello").after(if draw % 20 == 0 { most + TAIL } else { most })
        };
        let server = Server::start(Script::each(move |request, _| answer(request.number)))?;
        Ok(Self { get, server, median, times: Vec::new(), before: 0 })
    }

    fn turn(&mut self, median: u64) -> Result<(), Box<dyn Error>> {
        self.median.store(median, Ordering::Relaxed);
        let workers = (0..WORKERS).map(|_| {
            let (get, url) = (self.get.clone(), self.server.url());
            std::thread::spawn(move || {
                let times = (0..REQUESTS / WORKERS).map(|_| {
                    let started = Instant::now();
                    assert_eq!(get(&url).expect("the server answers"), 5);
                    started.elapsed()
                });
                times.collect::<Vec<Duration>>()
            })
        });
        let workers: Vec<_> = workers.collect();
        for worker in workers {
            self.times.extend(worker.join().map_err(|_| "a worker panicked")?);
        }
        Ok(())
    }

    /// Returns what came of the turns since it was last asked.
    fn tail(&mut self) -> Tail {
        let mut times = std::mem::take(&mut self.times);
        times.sort_unstable();
        let percentile = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
        let requests = self.server.request_count();
        let amplification = (requests - self.before) as f64 / times.len() as f64;
        self.before = requests;
        Tail { p50: percentile(50), p95: percentile(95), p99: percentile(99), amplification }
    }
}
