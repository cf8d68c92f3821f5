//! Pester's faults, a test each, named after what insist does instead.
//!
//! P1 … P17 were seen in pester's behaviour, #5 … #45 are from its issue tracker; `docs/faults.md` lists them all with
//! what each was. What the construction of insist rules out is said there and has no test.

#[cfg(target_os = "linux")]
mod alone;
mod attempts;
mod backoff;
mod bodies;
mod cancel;
mod conformance;
mod connections;
mod headline;
mod hints;
#[cfg(target_os = "linux")]
mod leftovers;
mod log;
mod race;
mod repeat;
mod shared;
mod statuses;

use std::sync::Barrier;
use std::time::Duration;

use insist_flaky::{Answer, Script};
use insist_ureq::http::Response;
use insist_ureq::insisting::Policy;
use insist_ureq::{Agent, Body, Insist};

/// Long enough for a noisy machine; no test that passes waits for it.
const LONG: Duration = Duration::from_secs(60);
/// An address where nobody listens: no system hands out this port by itself.
const NOBODY: &str = "http://127.0.0.1:1/";

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn agent(policy: Policy) -> Agent {
    Agent::new_with_defaults().policy(policy)
}

/// An agent that hands over responses whatever their status, as Go's client does.
fn lenient(policy: Policy) -> Agent {
    Agent::config_builder().http_status_as_error(false).policy(policy).build().into()
}

fn text(mut answer: Response<Body>) -> String {
    answer.body_mut().read_to_string().unwrap()
}

/// Answers the first requests when that many are there, so that all lanes of a race have been sent.
fn together(requests: usize, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Script {
    let barrier = Barrier::new(requests);
    Script::each(move |request, number| {
        if number <= requests {
            barrier.wait();
        }
        answer(&request.path)
    })
}
