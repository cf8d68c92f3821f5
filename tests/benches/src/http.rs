//! Requests on one connection that is kept alive, by ureq and by its drop-in. The server is another process.

use crate::Job;

/// The environment variable that names the server.
pub const SERVER: &str = "INSIST_BENCH_SERVER";

/// Both.
pub static JOBS: &[Job] =
    &[Job { name: "insist-ureq", run: drop_in::requests }, Job { name: "plain ureq", run: plain::requests }];

/// The requests, by their number, and the most that a drop-in may cost over ureq, in thousandths.
pub static REQUESTS: [(&str, f64); 10] = [
    ("a GET", 0.0),
    ("a GET with 5 headers", 0.0),
    ("a POST of 5 B", 20.0),
    ("a POST of 1 KiB", 20.0),
    ("a PUT of 5 B", 20.0),
    ("a GET with settings of its own", 20.0),
    ("a GET with an attempt timeout, over one without", 20.0),
    ("a GET with a deadline, over one without", 20.0),
    ("a POST of 5 B with both, over one without", 20.0),
    ("a GET with a hedge that is never sent, over one without", 500.0),
];

fn url() -> String {
    std::env::var(SERVER).expect("figures names the server")
}

macro_rules! requests {
    ($client:ident, $limited:expr) => {
        use std::hint::black_box;

        use $client::Agent;

        pub(super) fn requests(number: u32, rounds: u64) {
            let (url, long) = (super::url(), "x".repeat(1 << 10));
            let agent = $limited(Agent::new_with_defaults(), number);
            for _ in 0..rounds {
                let answer = match number {
                    1 => {
                        let request = agent.get(&url).header("X-One", "1").header("X-Two", "2").header("X-Three", "3");
                        request.header("X-Four", "4").header("X-Five", "5").call()
                    }
                    2 | 8 => agent.post(&url).send("hello"),
                    3 => agent.post(&url).send(&long),
                    4 => agent.put(&url).send("hello"),
                    5 => agent.get(&url).config().max_redirects(5).build().call(),
                    _ => agent.get(&url).call(),
                };
                let mut answer = answer.expect("the server answers");
                black_box(answer.body_mut().read_to_vec().expect("the server answers").len());
            }
        }
    };
}

mod plain {
    requests! { ureq, |agent: Agent, _| agent }
}

mod drop_in {
    use std::time::Duration;

    use insist_ureq::Insist;
    use insist_ureq::insisting::Policy;

    const MINUTE: Duration = Duration::from_secs(60);

    requests! { insist_ureq, |agent: Agent, number| match number {
        6 => agent.policy(Policy::default().attempt_timeout(MINUTE)),
        7 => agent.policy(Policy::default().deadline(MINUTE)),
        8 => agent.policy(Policy::default().attempt_timeout(MINUTE).deadline(MINUTE)),
        9 => agent.policy(Policy::default().lanes(2).hedge_after(MINUTE)),
        _ => agent,
    } }
}
