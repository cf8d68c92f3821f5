//! Instructions, counted by valgrind's callgrind: the difference of two runs over the difference of their rounds.

use std::error::Error;
use std::process::Command;

use insist_benches::{Job, calls, delays, futures, gates, http, reqwest, shapes, tokio};
use insist_flaky::{Answer, Script, Server};

use crate::programs::sibling;
use crate::table::{
    BLOCKING, BLOCKING_BORROWED, CLOSURES, FUTURES_BORROWED, GATES, HAND, HOSTS, INSIST_REQWEST, Row, SHAPES,
    TOKIO_BORROWED, TOKIO_CONSTANT, Table, UREQ,
};

const FEW: u64 = 100;
const MANY: u64 = 1100;
/// Enough that the seeds of hashes do not matter, by which the cost of making the hosts differs.
const MANY_HITS: u64 = 30_100;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Instructions of jobs, each with no failure, with one, and with ten.
struct Calls {
    first: Row,
    first_retry: Row,
    slope: Row,
}

impl Calls {
    fn count(kind: &str, jobs: &'static [Job]) -> Outcome<Self> {
        let mut first = Row::new("instructions: a call whose first attempt succeeds");
        let mut first_retry = Row::new("instructions: what the first retry adds");
        let mut slope = Row::new("instructions: what each further retry adds");
        for Job { name, .. } in jobs {
            let (none, one, ten) = (each(kind, name, 0)?, each(kind, name, 1)?, each(kind, name, 10)?);
            first.cell(name, none);
            first_retry.cell(name, one - none);
            slope.cell(name, (ten - one) / 9.0);
        }
        Ok(Self { first, first_retry, slope })
    }
}

/// Closures that are called, and delays.
pub(crate) fn closures(table: &mut Table) -> Outcome {
    let Calls { first, first_retry, slope } = Calls::count("calls", calls::JOBS)?;
    table.push(first.at_most(BLOCKING, 60.0).at_most(BLOCKING_BORROWED, 70.0));
    table.push(first_retry.at_most(BLOCKING_BORROWED, 180.0));
    table.push(slope.at_most(BLOCKING_BORROWED, 120.0));
    let mut delay = Row::new("instructions: a delay alone").at_most(CLOSURES[3], 120.0);
    for Job { name, .. } in delays::JOBS {
        delay.cell(name, per_delay("delays", name)?);
    }
    table.push(delay);
    Ok(())
}

/// Calls with gates.
pub(crate) fn gates(table: &mut Table) -> Outcome {
    let Calls { first, first_retry, slope } = Calls::count("gates", gates::JOBS)?;
    table.push(first.at_most(GATES[0], 200.0));
    table.push(first_retry.at_most(GATES[0], 700.0));
    table.push(slope.at_most(GATES[0], 700.0));
    Ok(())
}

/// Gates by host: of one that is known, and of one that is new and takes the place of another.
pub(crate) fn hosts(table: &mut Table) -> Outcome {
    for (what, which, many, most) in [
        ("the gate of one of 1000 hosts", "", MANY_HITS, 1.0),
        ("the gate of a new host beside 1000", ", new", MANY, 2.0),
    ] {
        let count = |name| slope("hosts", &format!("{name}{which}"), 1000, many, &[]);
        let (insist, governor) = (count(HOSTS[0])?, count(HOSTS[1])?);
        table.push(Row::new(format!("instructions: {what}")).with(HOSTS[0], insist).with(HOSTS[1], governor));
        let ratio = Row::new(format!("instructions, governor is 1: {what}")).ratios().at_most(HOSTS[0], most);
        table.push(ratio.with(HOSTS[0], insist / governor).with(HOSTS[1], 1.0));
    }
    Ok(())
}

/// A delay of each built-in backoff.
pub(crate) fn shapes(table: &mut Table) -> Outcome {
    for Job { name, .. } in shapes::JOBS {
        let row = Row::new(format!("instructions: a delay, {name}")).at_most(SHAPES[0], 120.0);
        table.push(row.with(SHAPES[0], per_delay("shapes", name)?));
    }
    Ok(())
}

/// Futures without a runtime.
pub(crate) fn futures(table: &mut Table) -> Outcome {
    let Calls { first, first_retry, slope } = Calls::count("futures", futures::JOBS)?;
    table.push(first);
    table.push(first_retry);
    table.push(slope.at_most(FUTURES_BORROWED, 200.0));
    Ok(())
}

/// Futures on tokio, whose own sleeps cost more than all the rest.
pub(crate) fn tokio(table: &mut Table) -> Outcome {
    let Calls { first, first_retry, slope } = Calls::count("tokio", tokio::JOBS)?;
    let first_over = first_retry.over("instructions: what the first retry adds over the loop by hand", HAND);
    let over = slope.over("instructions: what each further retry adds over the loop by hand", HAND);
    table.push(first.at_most(TOKIO_CONSTANT, 60.0).at_most(TOKIO_BORROWED, 60.0));
    table.push(first_retry);
    table.push(slope);
    table.push(first_over);
    table.push(over.at_most(TOKIO_CONSTANT, 300.0).at_most(TOKIO_BORROWED, 300.0));
    Ok(())
}

/// Requests on a connection that is kept alive, and in thousandths of plain ureq's.
pub(crate) fn http(table: &mut Table) -> Outcome {
    let server = Server::start(Script::from(Answer::ok("hello")))?;
    let count = |name, number| slope("http", name, number, MANY, &[(http::SERVER, &server.url())]);
    for (number, (request, most)) in (0..).zip(http::REQUESTS) {
        let (insist, ureq) = (count(UREQ, number)?, count("plain ureq", number)?);
        table.push(Row::new(format!("instructions: {request}")).with(UREQ, insist).with("plain ureq", ureq));
        let more = Row::new(format!("instructions over plain ureq, in thousandths: {request}"));
        table.push(more.at_most(UREQ, most).with(UREQ, (insist / ureq - 1.0) * 1e3));
    }
    Ok(())
}

/// The same on reqwest, and what each costs over it.
pub(crate) fn on_reqwest(table: &mut Table) -> Outcome {
    let server = Server::start(Script::from(Answer::ok("hello")))?;
    let variables = [(http::SERVER, &*server.url())];
    let mut row = Row::new("instructions: a keep-alive GET");
    let mut more =
        Row::new("instructions over reqwest, in thousandths: a keep-alive GET").at_most(INSIST_REQWEST, 20.0);
    let mut plain = None;
    for Job { name, .. } in reqwest::JOBS {
        let count = slope("reqwest", name, 0, MANY, &variables)?;
        row.cell(name, count);
        match plain {
            None => plain = Some(count),
            Some(plain) => more.cell(name, (count / plain - 1.0) * 1e3),
        }
    }
    table.push(row);
    table.push(more);
    Ok(())
}

/// Returns what each of the second to the tenth delay costs.
fn per_delay(kind: &str, name: &str) -> Outcome<f64> {
    Ok((each(kind, name, 10)? - each(kind, name, 1)?) / 9.0)
}

fn each(kind: &str, name: &str, count: u32) -> Outcome<f64> {
    slope(kind, name, count, MANY, &[])
}

/// What each round costs beyond the first few.
fn slope(kind: &str, name: &str, count: u32, many: u64, variables: &[(&str, &str)]) -> Outcome<f64> {
    let few = run(kind, name, count, FEW, variables)?;
    let all = run(kind, name, count, many, variables)?;
    Ok(all.saturating_sub(few) as f64 / (many - FEW) as f64)
}

fn run(kind: &str, name: &str, count: u32, rounds: u64, variables: &[(&str, &str)]) -> Outcome<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(sibling("job")?)
        .args([kind, name, &count.to_string(), &rounds.to_string()])
        .envs(variables.iter().copied())
        .output()
        .map_err(|error| format!("valgrind does not start: {error}; install it"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the job {name} failed under valgrind: {said}").into());
    }
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, number) = collected.ok_or_else(|| format!("valgrind counted nothing: {said}"))?;
    Ok(number.trim().parse()?)
}
