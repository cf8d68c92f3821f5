//! Three replicas that answer after 200, 18 and 60 ms, raced: how long a call takes, and what becomes of the losers.

use std::error::Error;
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::{Agent, Insist, Policy};

const CALLS: usize = 60;
const MILLIS: [u64; 3] = [200, 18, 60];
const POLICY: Policy = Policy::zero().lanes(3);

/// One line in Markdown.
pub(crate) fn measure() -> Result<String, Box<dyn Error>> {
    let start = |millis| Server::start(Script::from(Answer::ok("hello").after(Duration::from_millis(millis))));
    let servers = MILLIS.map(start).into_iter().collect::<Result<Vec<_>, _>>()?;
    let agent: Agent = Agent::config_builder().policy(POLICY).build().into();
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let started = Instant::now();
        let answer = agent.get(servers[0].url()).replicas(servers.iter().map(Server::url)).call()?;
        times.push(started.elapsed());
        drop(answer);
    }
    times.sort_unstable();
    let closed = |server: &Server| server.wait_until(|seen| seen.disconnects() == CALLS, Duration::from_secs(10));
    let losers = [&servers[0], &servers[2]].into_iter().all(closed);
    let median = times[CALLS / 2].as_secs_f64() * 1e3;
    let count = servers[0].disconnects() + servers[2].disconnects();
    let all = if losers { "all of them" } else { "not all" };
    Ok(format!(
        "Three replicas that answer after 200, 18 and 60 ms, raced {CALLS} times with insist-ureq: median {median:.1} ms, \
         and {count} of {} losers saw their connection close, {all}.\n",
        2 * CALLS
    ))
}
