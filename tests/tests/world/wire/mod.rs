//! Thousands of calls through a proxy that breaks one attempt in three, from fixed seeds: each call ends as its policy
//! says, nothing is repeated that must not be, and nothing is left behind. So it is over TLS, through tunnels, and over
//! HTTP/2.
//!
//! A call's method, policy and body, the server's answers and the proxy's faults are all drawn from a seed and the
//! numbers of the call and the attempt, whatever the threads do. `INSIST_SEED=7` draws others, and `INSIST_CASES=5`
//! makes five times as many calls. To plug in another client, implement [`ask::Client`]; one whose calls are futures
//! of hyper's needs no more than [`clients::call`].

#![cfg(target_os = "linux")]

mod ask;
#[path = "../../../include/certificate.rs"]
mod certificate;
mod clients;
mod connections;
mod draws;
mod faults;
mod oracle;
mod reqwest;
mod round;
mod sees;
mod streams;
mod tls;

use std::net::SocketAddr;

use ask::Client;
use clients::{Smol, Tokio, Ureq};
use insist_tests::words::{Held, alone, ms, set};
use reqwest::Reqwest;
use round::Tally;

#[test]
fn sixteen_thousand_calls_of_ureq_end_as_their_policies_say_and_leave_nothing() {
    alone(|| {
        calls(8, Ureq::<false, false>::new, &[&WITHOUT_TLS]);
    });
}

#[test]
fn four_thousand_calls_of_ureq_over_tls_end_as_their_policies_say_and_leave_nothing() {
    alone(|| {
        calls(2, Ureq::<true, false>::new, &[]);
    });
}

#[test]
fn four_thousand_calls_of_ureq_through_tunnels_end_as_their_policies_say_and_leave_nothing() {
    alone(|| {
        calls(2, Ureq::<false, true>::new, &[&WITHOUT_TLS, &WITHOUT_REUSE]);
    });
}

#[test]
fn four_thousand_calls_of_ureq_over_tls_through_tunnels_end_as_their_policies_say_and_leave_nothing() {
    alone(|| {
        calls(2, Ureq::<true, true>::new, &[&WITHOUT_REUSE]);
    });
}

#[test]
fn sixteen_thousand_calls_of_reqwest_end_as_their_policies_say_and_leave_nothing() {
    alone(|| {
        drop(clients::runtime());
        // Its attempts are told apart by their addresses, and a hint of one address holds up no other.
        calls(8, Reqwest::<false>::new, &[&WITHOUT_TLS, &["retry_after"]]);
    });
}

#[test]
fn eight_thousand_calls_of_reqwest_over_http2_end_as_their_policies_say_and_leave_nothing() {
    alone(|| {
        drop(clients::runtime());
        calls(4, Reqwest::<true>::new, &[&WITHOUT_CONNECTIONS, &["retry_after", "stopped"]]);
    });
}

#[test]
fn sixteen_thousand_calls_of_hyper_on_tokio_end_as_their_policies_say_and_leave_nothing() {
    alone(|| {
        // With its feature `signal`, which a dependency may ask for, tokio keeps two descriptors for as long as the process.
        drop(clients::runtime());
        calls(8, Tokio::new, &[&WITHOUT_TLS, &WITHOUT_REUSE, &HYPER]);
    });
}

#[test]
fn sixteen_thousand_calls_of_hyper_on_smol_end_as_their_policies_say_and_leave_nothing() {
    alone(|| {
        // Its thread and its descriptors stay for as long as the process.
        async_io::block_on(async_io::Timer::after(ms(1)));
        calls(8, Smol::new, &[&WITHOUT_TLS, &WITHOUT_REUSE, &HYPER]);
    });
}

/// The faults that are something else on a stream.
const WITHOUT_CONNECTIONS: [&str; 17] = [
    "reset answered",
    "close read",
    "close reused",
    "refuse",
    "trickle",
    "drip",
    "cut head",
    "cut body",
    "garbage",
    "reset reused",
    "stall reused",
    "retire",
    "end by close",
    "end by reset",
    "end torn",
    "close notify",
    "early",
];

const WITHOUT_TLS: [&str; 2] = ["close notify", "end torn"];

/// The faults that are rare, or nothing, where each attempt or each call has connections of its own.
const WITHOUT_REUSE: [&str; 3] = ["close reused", "reset reused", "stall reused"];

/// The faults that do not happen to clients that try again whatever was not HTTP.
const HYPER: [&str; 1] = ["stopped"];

/// Rounds of 2,000 calls. All happens in them but this.
fn calls<C: Client>(rounds: u32, client: fn(SocketAddr) -> C, but: &[&[&str]]) {
    let before = Held::now();
    let (mut tally, mut resident) = (Tally::default(), Vec::new());
    for round in 0..u64::from(rounds) * set("INSIST_CASES").unwrap_or(1) {
        tally += round::run(set("INSIST_SEED").unwrap_or(1) * 1_000_003 + round, 2_000, client);
        before.wait_for();
        resident.push(kib_resident());
    }
    println!("{tally}KiB resident after each round: {resident:?}");
    // What a busy machine has in flight moves it by 2 MiB. What 400 bytes of each call leave in five rounds is 3.8 MiB.
    let early = resident.iter().take(3).max().unwrap();
    let late = resident[resident.len() - 2..].iter().min().unwrap();
    assert!(*late < early + 3 * 1024, "KiB resident after each round: {resident:?}");
    tally.has_everything_but(&but.concat(), rounds * 5 / 2);
}

/// Returns how much memory the process has.
fn kib_resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
