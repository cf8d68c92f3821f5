//! Instructions, counted by valgrind's callgrind: the difference of two runs over the difference of their rounds.

use std::error::Error;
use std::process::Command;

use insist_benches::{Job, calls, delays};

use crate::programs::sibling;
use crate::table::{Row, Table};

const FEW: u64 = 100;
const MANY: u64 = 1100;

pub(crate) fn measure(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let mut succeeds = Row::new("instructions of a call whose first attempt succeeds").at_most(60.0);
    let mut retries = Row::new("instructions that a retry adds").at_most(100.0);
    for Job { name, .. } in calls::JOBS {
        succeeds.cell(name, each("calls", name, 0)?);
        retries.cell(name, slope("calls", name)?);
    }
    let mut alone = Row::new("instructions of a delay alone").at_most(40.0);
    for Job { name, .. } in delays::JOBS {
        alone.cell(name, slope("delays", name)?);
    }
    for row in [succeeds, retries, alone] {
        table.push(row);
    }
    Ok(())
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
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(sibling("job")?)
        .args([kind, name, &count.to_string(), &rounds.to_string()])
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
