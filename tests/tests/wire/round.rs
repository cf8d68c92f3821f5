//! One round: a server, a proxy before it, a client, threads that ask it, and a look at everything when all have ended.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use insist_tests::proxy::{Exchange, Proxy};

use crate::ask::{Ask, fault, numbers};
use crate::client::{Client, Seen};
use crate::tally::Tally;
use crate::{oracle, server};

const THREADS: u32 = 16;

/// Asks a client for that many calls. Panics with what is wrong, if anything is.
pub(crate) fn run<C: Client>(seed: u64, calls: u32, client: impl FnOnce(SocketAddr) -> C) -> Tally {
    let server = server::start(seed);
    let proxy = Proxy::start(server.address(), move |arrival| fault(seed, arrival)).unwrap();
    let client = client(proxy.address());
    let seen = ask_all(&client, seed, calls);
    drop(client);
    let exchanges = proxy.stop();
    server.stop();

    let mut tally = Tally::default();
    let mut of_calls: HashMap<u32, Vec<&Exchange>> = HashMap::new();
    for exchange in &exchanges {
        tally.exchange(exchange);
        of_calls.entry(numbers(&exchange.arrival.path).0).or_default().push(exchange);
    }
    for (call, seen) in seen {
        let ask = Ask::draw(seed, call);
        let exchanges = of_calls.remove(&call).unwrap_or_default();
        if let Err(wrong) = oracle::judge(&ask, &seen, &exchanges, C::STOPS_AT_NOISE) {
            panic!("seed {seed}: {wrong}\n{ask:#?}\n{seen:#?}\n{exchanges:#?}");
        }
        tally.call(&ask, &seen);
    }
    assert!(of_calls.is_empty(), "nobody asked for these: {of_calls:?}");
    tally
}

fn ask_all(client: &impl Client, seed: u64, calls: u32) -> Vec<(u32, Seen)> {
    let (next, all) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
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
