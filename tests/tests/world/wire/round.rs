//! A round of calls: the server, the proxy before it, and the tally of what happened.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::{fmt, thread};

use insist_flaky::{Answer, Script, Server};
use insist_tests::proxy::{Arrival, Exchange, Fault, Proxy};

use super::ask::{Ask, Client, Method, Seen, call_of, is_connect, numbers, random};
use super::draws::Draws;
use super::oracle;
use super::streams::Streams;
use super::tls::TLS;

const THREADS: u32 = 16;

/// Handshakes take the processor's time, and an attempt has little.
const THREADS_OVER_TLS: u32 = 4;

/// Asks a client for that many calls. Panics with what is wrong, if anything is.
pub(crate) fn run<C: Client>(seed: u64, calls: u32, client: impl FnOnce(SocketAddr) -> C) -> Tally {
    let draws = Draws::new(seed, C::HABITS.over_tls);
    let (seen, exchanges) = if C::HABITS.over_http2 {
        let server = Streams::start(seed, draws).unwrap();
        (ask_all(client(server.address), seed, calls), server.stop())
    } else {
        let server = start(seed);
        let faults = move |arrival: &Arrival| draws.fault(arrival);
        let proxy = Proxy::start_tls(server.address(), Arc::clone(&TLS.server), faults).unwrap();
        let seen = ask_all(client(proxy.address()), seed, calls);
        let exchanges = proxy.stop();
        server.stop();
        (seen, exchanges)
    };

    let mut tally = Tally::default();
    let mut of_calls: HashMap<u32, Vec<&Exchange>> = HashMap::new();
    for exchange in &exchanges {
        tally.exchange(exchange);
        of_calls.entry(call_of(&exchange.arrival)).or_default().push(exchange);
    }
    if let Err(wrong) = oracle::judge_connections(&exchanges) {
        panic!("seed {seed}: {wrong}");
    }
    for (call, seen) in seen {
        let ask = Ask::draw(seed, call);
        let exchanges = of_calls.remove(&call).unwrap_or_default();
        if let Err(wrong) = oracle::judge(&ask, &seen, &exchanges, C::HABITS) {
            let Ask { method, policy, whole_body, is_plain, .. } = &ask;
            let (length, answer) = (ask.body.len(), seen.answer.as_ref().map(|answer| answer.status));
            panic!(
                "seed {seed}, call {call}: {wrong}\n{method:?} with {length} bytes, whole_body {whole_body}, plain \
                 {is_plain}, {policy:?}\n{answer:?} after {:?}: {:#?}\n{exchanges:#?}",
                seen.took, seen.told
            );
        }
        tally.call(&ask, &seen);
    }
    assert!(of_calls.is_empty(), "nobody asked for these: {of_calls:?}");
    tally
}

fn ask_all<C: Client>(client: C, seed: u64, calls: u32) -> Vec<(u32, Seen)> {
    let (next, all) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..if C::HABITS.over_tls { THREADS_OVER_TLS } else { THREADS } {
            scope.spawn(|| {
                loop {
                    let call = next.fetch_add(1, Ordering::Relaxed);
                    if call >= calls {
                        return;
                    }
                    let seen = client.call(&Ask::draw(seed, call));
                    all.lock().unwrap().push((call, seen));
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    assert_eq!(all.len(), calls as usize);
    all
}

/// Holds what an attempt is answered, if its answer comes through.
pub(crate) struct Expected {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn expected(seed: u64, method: &str, call: u32, attempt: u32, sent: &[u8]) -> Expected {
    let mut random = random(seed, 3, call, attempt);
    let status = match random.u8(..40) {
        0 => 404,
        1..=4 => 503,
        _ => 200,
    };
    // An answer that went to another attempt, or a request that did not arrive as it was sent, shows.
    let sum = sent.iter().fold(sent.len() as u64, |sum, byte| sum.rotate_left(5) ^ u64::from(*byte));
    let mut body = format!("{method} {call} {attempt} {sum}\n").into_bytes();
    let length = if random.u8(..20) == 0 { 20_000 } else { random.usize(..300) };
    body.extend(std::iter::repeat_with(|| random.alphanumeric() as u8).take(length));
    Expected { status, body }
}

impl Expected {
    pub(crate) fn of(ask: &Ask, attempt: u32) -> Self {
        let mut expected = expected(ask.seed, ask.method.as_str(), ask.call, attempt, &ask.body);
        if ask.method == Method::Head {
            expected.body.clear();
        }
        expected
    }
}

/// The wait that a busy server asks for, in seconds.
pub(crate) fn hint(seed: u64, call: u32, attempt: u32) -> &'static str {
    // 9 s is longer than any deadline. Who has none is told to come back at once.
    let has_deadline = Ask::draw(seed, call).policy.get_deadline().is_some();
    if has_deadline && attempt != 2 { "9" } else { "0" }
}

pub(crate) fn start(seed: u64) -> Server {
    let script = Script::each(move |request, _| {
        let (call, attempt) = numbers(&request.path);
        let Expected { status, body } = expected(seed, &request.method, call, attempt, &request.body);
        let answer = Answer::status(status).body(body).header("X-Call", call.to_string());
        let answer = if status == 503 { answer.header("Retry-After", hint(seed, call, attempt)) } else { answer };
        if attempt % 2 == 0 { answer.chunked() } else { answer }
    });
    Server::start(script).unwrap()
}

#[derive(Default)]
pub(crate) struct Tally {
    faults: BTreeMap<&'static str, u32>,
    tunnels: BTreeMap<&'static str, u32>,
    ends: BTreeMap<&'static str, u32>,
}

impl Tally {
    pub(crate) fn exchange(&mut self, exchange: &Exchange) {
        if is_connect(&exchange.arrival) {
            *self.tunnels.entry(exchange.fault.name()).or_default() += 1;
        } else {
            *self.faults.entry(exchange.fault.name()).or_default() += 1;
        }
    }

    pub(crate) fn call(&mut self, ask: &Ask, seen: &Seen) {
        let end = match (&seen.told, &seen.answer) {
            (None, Ok(answer)) if answer.body.is_ok() && answer.status != 503 => "plain, returned",
            (None, _) => "plain, failed",
            (Some(told), _) => told.reason.map_or("returned", insist_ureq::insisting::Reason::as_str),
        };
        *self.ends.entry(end).or_default() += 1;
        *self.ends.entry("attempts made").or_default() += seen.attempts;
        if ask.policy.get_lanes() > 1 {
            *self.ends.entry("with lanes").or_default() += 1;
        }
    }

    /// Every fault was applied and calls ended in every way so often, but for these, and most attempts met the proxy.
    pub(crate) fn has_everything_but(&self, but: &[&str], least: u32) {
        let refused = self.tunnels.iter().filter(|(fault, _)| **fault != "none");
        let arrived: u32 = self.faults.values().chain(refused.map(|(_, count)| count)).sum();
        assert!(arrived > self.ends["attempts made"] / 2, "too few arrived: {self}");
        let reasons = ["attempts", "deadline", "not_repeatable", "retry_after", "stopped"];
        let ends = reasons.into_iter().chain(["returned", "plain, returned", "plain, failed"]);
        let (faults, ends) = (Fault::NAMES.map(|fault| (&self.faults, fault)), ends.map(|end| (&self.ends, end)));
        for (counts, name) in faults.into_iter().chain(ends).filter(|(_, name)| !but.contains(name)) {
            assert!(counts.get(name).is_some_and(|count| *count >= least), "too few of {name}: {self}");
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (mine, other) in
            [(&mut self.faults, other.faults), (&mut self.tunnels, other.tunnels), (&mut self.ends, other.ends)]
        {
            for (name, count) in other {
                *mine.entry(name).or_default() += count;
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, counts) in [("exchanges", &self.faults), ("tunnels", &self.tunnels), ("calls", &self.ends)] {
            let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(f, "{what}: {}", counts.join(", "))?;
        }
        Ok(())
    }
}
