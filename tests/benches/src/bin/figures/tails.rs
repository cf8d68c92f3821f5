//! The slow tail of a server, and what hedging makes of it: 8 workers, 8000 requests, 95 % of answers after 2 ms and 5 %
//! after 100 ms. The requests are counted at the server.
//!
//! The server's sleeps rule these times; a busy machine still moves them, so clients are measured in turn, and what is
//! judged is the ratio to plain ureq's.

use std::error::Error;
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::Insist;
use insist_ureq::insisting::Policy;

use crate::table::{HEDGED, Row, TAILS, Table};

const WORKERS: u32 = 8;
const TURNS: u32 = 8;
/// In each turn.
const REQUESTS: u32 = 1000;
const FAST: Duration = Duration::from_millis(2);
const SLOW: Duration = Duration::from_millis(100);

/// A second request once the first has been slower than nearly all of them are.
const POLICY: Policy =
    Policy::exponential(Duration::from_millis(100)).attempts(3).lanes(2).hedge_after(Duration::from_millis(5));

/// Times in milliseconds, and how many requests the server saw for each that was asked for.
struct Tail {
    p50: f64,
    p95: f64,
    p99: f64,
    amplification: f64,
}

pub(crate) fn measure() -> Result<Table, Box<dyn Error>> {
    let plain = ureq::Agent::config_builder().max_idle_connections_per_host(WORKERS as usize).build().new_agent();
    let config = insist_ureq::Agent::config_builder().max_idle_connections_per_host(2 * WORKERS as usize);
    let hedged: insist_ureq::Agent = config.policy(POLICY).build().into();
    let mut plain = Client::new(move |url| Ok(plain.get(url).call()?.body_mut().read_to_vec()?.len()))?;
    let mut hedged = Client::new(move |url| Ok(hedged.get(url).call()?.body_mut().read_to_vec()?.len()))?;
    for _ in 0..TURNS {
        plain.turn()?;
        hedged.turn()?;
    }
    let (plain, hedged) = (plain.tail(), hedged.tail());

    let title = "Tails: 95 % of answers after 2 ms, 5 % after 100 ms; 8 workers, 8000 requests";
    let mut table = Table::new(title, TAILS);
    let mut row = |row: Row, figure: fn(&Tail, &Tail) -> f64| {
        table.push(row.with(TAILS[0], figure(&plain, &plain)).with(HEDGED, figure(&hedged, &plain)));
    };
    row(Row::new("p50, ms").millis(), |tail, _| tail.p50);
    row(Row::new("p95, ms").millis(), |tail, _| tail.p95);
    row(Row::new("p99, ms").millis(), |tail, _| tail.p99);
    row(Row::new("p50, plain is 1").ratios().at_most(HEDGED, 1.1), |tail, plain| tail.p50 / plain.p50);
    row(Row::new("p99, plain is 1").ratios().at_most(HEDGED, 0.1), |tail, plain| tail.p99 / plain.p99);
    row(Row::new("requests at the server for each call").ratios().at_most(HEDGED, 1.1), |tail, _| tail.amplification);
    Ok(table)
}

/// A client, and a server of its own.
struct Client<G> {
    get: G,
    server: Server,
    times: Vec<Duration>,
}

impl<G> Client<G>
where
    G: Fn(&str) -> Result<usize, Box<dyn Error>> + Clone + Send + 'static,
{
    fn new(get: G) -> Result<Self, Box<dyn Error>> {
        // Every twentieth at random: the upper bits of the request's number times an odd constant.
        let answer = |number: usize| {
            let draw = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            Answer::ok("hello").after(if draw % 20 == 0 { SLOW } else { FAST })
        };
        let server = Server::start(Script::each(move |request, _| answer(request.number)))?;
        Ok(Self { get, server, times: Vec::new() })
    }

    fn turn(&mut self) -> Result<(), Box<dyn Error>> {
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

    fn tail(mut self) -> Tail {
        self.times.sort_unstable();
        let percentile = |percent: usize| self.times[self.times.len() * percent / 100].as_secs_f64() * 1e3;
        let amplification = self.server.request_count() as f64 / self.times.len() as f64;
        Tail { p50: percentile(50), p95: percentile(95), p99: percentile(99), amplification }
    }
}
