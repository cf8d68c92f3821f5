//! GETs on one connection that is kept alive, by ureq and by its drop-in. The server is another process.

use std::hint::black_box;

use crate::Job;

/// The environment variable that names the server.
pub const SERVER: &str = "INSIST_BENCH_SERVER";

/// Both.
pub static JOBS: &[Job] = &[Job { name: "insist-ureq", run: insist_ureq }, Job { name: "plain ureq", run: plain_ureq }];

fn url() -> String {
    std::env::var(SERVER).expect("figures names the server")
}

fn insist_ureq(_: u32, rounds: u64) {
    let (url, agent) = (url(), insist_ureq::Agent::new_with_defaults());
    for _ in 0..rounds {
        let mut answer = agent.get(&url).call().expect("the server answers");
        black_box(answer.body_mut().read_to_vec().expect("the server answers").len());
    }
}

fn plain_ureq(_: u32, rounds: u64) {
    let (url, agent) = (url(), ureq::Agent::new_with_defaults());
    for _ in 0..rounds {
        let mut answer = agent.get(&url).call().expect("the server answers");
        black_box(answer.body_mut().read_to_vec().expect("the server answers").len());
    }
}
