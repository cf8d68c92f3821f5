//! Three replicas that answer after 200, 18 and 60 ms, raced: how long a call takes, and what becomes of the losers.

use std::error::Error;
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::insisting::Policy;
use insist_ureq::{Agent, Insist};

use crate::table::{RACE, RACED, Row, Table};

const CALLS: usize = 60;
const MILLIS: [u64; 3] = [200, 18, 60];
const POLICY: Policy = Policy::zero().lanes(3);

/// Calls are made in turn with plain ureq's, which asks the fastest replica alone.
pub(crate) fn measure() -> Result<Table, Box<dyn Error>> {
    let start = |millis| Server::start(Script::from(Answer::ok("hello").after(Duration::from_millis(millis))));
    let servers = MILLIS.map(start).into_iter().collect::<Result<Vec<_>, _>>()?;
    let agent: Agent = Agent::config_builder().policy(POLICY).build().into();
    let plain = ureq::Agent::new_with_defaults();
    let (mut alone, mut raced) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let started = Instant::now();
        plain.get(servers[1].url()).call()?.body_mut().read_to_vec()?;
        alone.push(started.elapsed());
        let started = Instant::now();
        let mut answer = agent.get(servers[0].url()).replicas(servers.iter().map(Server::url)).call()?;
        answer.body_mut().read_to_vec()?;
        raced.push(started.elapsed());
    }
    let (alone, raced) = (median(alone), median(raced));
    let closed = |server: &Server| server.wait_until(|seen| seen.disconnects() == CALLS, Duration::from_secs(10));
    let losers = [&servers[0], &servers[2]];
    for loser in losers {
        closed(loser);
    }
    let open = 2 * CALLS - losers.iter().map(|loser| loser.disconnects()).sum::<usize>();

    let title = format!("Race: three replicas that answer after 200, 18 and 60 ms, {CALLS} times");
    let mut table = Table::new(title, RACE);
    table.push(Row::new("median, ms").millis().with(RACE[0], alone).with(RACED, raced));
    // 18 ms and at most 2 more.
    let ratio = Row::new("median, the fastest alone is 1").ratios().at_most(RACED, 1.111);
    table.push(ratio.with(RACE[0], 1.0).with(RACED, raced / alone));
    let what = format!("losers of {} whose connection stayed open", 2 * CALLS);
    table.push(Row::new(what).at_most(RACED, 0.0).with(RACED, open as f64));
    Ok(table)
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
