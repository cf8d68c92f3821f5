//! The slow tail of a server, and what hedging makes of it: 8 workers, 8000 requests, 95 % of answers after 2 ms and 5 %
//! after 100 ms. The requests are counted at the server.
//!
//! The server's sleeps rule these times; a busy machine still moves them, so they are compared with plain ureq's of
//! the same run and missing a target is told, not judged.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::{Insist, Policy};

const WORKERS: u32 = 8;
const REQUESTS: u32 = 8000;
const FAST: Duration = Duration::from_millis(2);
const SLOW: Duration = Duration::from_millis(100);

/// A second request once the first has been slower than nearly all of them are.
const HEDGED: Policy =
    Policy::exponential(Duration::from_millis(100)).attempts(3).lanes(2).hedge_after(Duration::from_millis(5));

/// Times in milliseconds, and how many requests the server saw for each that was asked for.
struct Tail {
    client: &'static str,
    p50: f64,
    p95: f64,
    p99: f64,
    amplification: f64,
}

pub(crate) struct Tails(Vec<Tail>);

impl fmt::Display for Tails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### Tails: 95 % of answers after 2 ms, 5 % after 100 ms; 8 workers, 8000 requests\n")?;
        writeln!(f, "| client | p50, ms | p95, ms | p99, ms | requests at the server |\n|---|---|---|---|---|")?;
        for Tail { client, p50, p95, p99, amplification } in &self.0 {
            writeln!(f, "| {client} | {p50:.2} | {p95:.2} | {p99:.2} | {amplification:.3} × |")?;
        }
        writeln!(f)
    }
}

pub(crate) fn measure() -> Result<Tails, Box<dyn Error>> {
    let plain = ureq::Agent::config_builder().max_idle_connections_per_host(WORKERS as usize).build().new_agent();
    let config = insist_ureq::Agent::config_builder().max_idle_connections_per_host(2 * WORKERS as usize);
    let hedged: insist_ureq::Agent = config.policy(HEDGED).build().into();
    Ok(Tails(vec![
        tail("plain ureq", move |url| Ok(plain.get(url).call()?.body_mut().read_to_vec()?.len()))?,
        tail("insist-ureq, hedged after 5 ms", move |url| Ok(hedged.get(url).call()?.body_mut().read_to_vec()?.len()))?,
    ]))
}

type Get = dyn Fn(&str) -> Result<usize, Box<dyn Error>>;

fn tail<G>(client: &'static str, get: G) -> Result<Tail, Box<dyn Error>>
where
    G: Fn(&str) -> Result<usize, Box<dyn Error>> + Clone + Send + 'static,
{
    // Every twentieth at random: the upper bits of the request's number times an odd constant.
    let answer = |number: usize| {
        let draw = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        Answer::ok("hello").after(if draw % 20 == 0 { SLOW } else { FAST })
    };
    let server = Server::start(Script::each(move |request, _| answer(request.number)))?;
    let url = server.url();
    let workers = (0..WORKERS).map(|_| {
        let (get, url) = (get.clone(), url.clone());
        std::thread::spawn(move || {
            let get: &Get = &get;
            let times = (0..REQUESTS / WORKERS).map(|_| {
                let started = Instant::now();
                assert_eq!(get(&url).expect("the server answers"), 5);
                started.elapsed()
            });
            times.collect::<Vec<Duration>>()
        })
    });
    let workers: Vec<_> = workers.collect();
    let mut times: Vec<Duration> = Vec::new();
    for worker in workers {
        times.extend(worker.join().map_err(|_| "a worker panicked")?);
    }
    times.sort_unstable();
    let percentile = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
    let amplification = server.request_count() as f64 / f64::from(REQUESTS);
    Ok(Tail { client, p50: percentile(50), p95: percentile(95), p99: percentile(99), amplification })
}
