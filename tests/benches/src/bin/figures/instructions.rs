//! Instructions, counted by valgrind's callgrind: the difference of two runs over the difference of their rounds.

use std::error::Error;
use std::process::Command;

use insist_benches::{Job, calls, delays, gates, http, shapes};
use insist_flaky::{Answer, Script, Server};

use crate::programs::sibling;
use crate::table::{Row, Table};

const FEW: u64 = 100;
const MANY: u64 = 1100;

/// Closures that are called, and delays.
pub(crate) fn closures(table: &mut Table) -> Result<(), Box<dyn Error>> {
    table.push(calls("calls", calls::JOBS, "a call whose first attempt succeeds", first)?.at_most(60.0));
    table.push(calls("calls", calls::JOBS, "what a retry adds", slope)?.at_most(100.0));
    table.push(calls("delays", delays::JOBS, "a delay alone", slope)?.at_most(40.0));
    Ok(())
}

/// Calls with gates.
pub(crate) fn gates(table: &mut Table) -> Result<(), Box<dyn Error>> {
    table.push(calls("gates", gates::JOBS, "a call whose first attempt succeeds", first)?.at_most(200.0));
    table.push(calls("gates", gates::JOBS, "what a retry adds", slope)?.at_most(700.0));
    Ok(())
}

/// A delay of each built-in backoff.
pub(crate) fn shapes(table: &mut Table) -> Result<(), Box<dyn Error>> {
    for Job { name, .. } in shapes::JOBS {
        let row = Row::new(format!("instructions: a delay, {name}")).at_most(120.0);
        table.push(row.with("core, borrowed policy", slope("shapes", name)?));
    }
    Ok(())
}

/// Futures.
pub(crate) fn futures(table: &mut Table, kind: &str, jobs: &'static [Job]) -> Result<(), Box<dyn Error>> {
    table.push(calls(kind, jobs, "a call whose first attempt succeeds", first)?);
    table.push(calls(kind, jobs, "what a retry adds", slope)?);
    Ok(())
}

/// GETs on a connection that is kept alive, in percent of plain ureq's, and plain.
pub(crate) fn http(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let server = Server::start(Script::from(Answer::ok("hello")))?;
    let mut plain = Row::new("instructions: a keep-alive GET");
    let count = |name| {
        let few = run_with("http", name, 0, FEW, &[(http::SERVER, &server.url())])?;
        let many = run_with("http", name, 0, MANY, &[(http::SERVER, &server.url())])?;
        Ok::<f64, Box<dyn Error>>(many.saturating_sub(few) as f64 / (MANY - FEW) as f64)
    };
    let (insist, ureq) = (count("insist-ureq")?, count("plain ureq")?);
    plain.cell("insist-ureq", insist);
    plain.cell("plain ureq", ureq);
    table.push(plain);
    let more = Row::new("instructions over plain ureq, in thousandths: a keep-alive GET").at_most(20.0);
    table.push(more.with("insist-ureq", (insist / ureq - 1.0) * 1e3));
    Ok(())
}

type Figure = fn(&str, &str) -> Result<f64, Box<dyn Error>>;

fn calls(kind: &str, jobs: &'static [Job], what: &str, figure: Figure) -> Result<Row, Box<dyn Error>> {
    let mut row = Row::new(format!("instructions: {what}"));
    for Job { name, .. } in jobs {
        row.cell(name, figure(kind, name)?);
    }
    Ok(row)
}

fn first(kind: &str, name: &str) -> Result<f64, Box<dyn Error>> {
    each(kind, name, 0)
}

/// What each of the second to the tenth adds.
fn slope(kind: &str, name: &str) -> Result<f64, Box<dyn Error>> {
    Ok((each(kind, name, 10)? - each(kind, name, 1)?) / 9.0)
}

fn each(kind: &str, name: &str, count: u32) -> Result<f64, Box<dyn Error>> {
    let few = run(kind, name, count, FEW)?;
    let many = run(kind, name, count, MANY)?;
    Ok(many.saturating_sub(few) as f64 / (MANY - FEW) as f64)
}

fn run(kind: &str, name: &str, count: u32, rounds: u64) -> Result<u64, Box<dyn Error>> {
    run_with(kind, name, count, rounds, &[])
}

fn run_with(
    kind: &str,
    name: &str,
    count: u32,
    rounds: u64,
    variables: &[(&str, &str)],
) -> Result<u64, Box<dyn Error>> {
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
