//! Measures everything in one run and prints tables in Markdown; then, if targets are missed, says which and exits with 1.
//!
//! Targets are for what a busy machine does not change, instructions, allocations, bytes, requests, and for ratios of
//! what was measured in turn. Start it with `tests/benches/run`, which builds what it measures; with names of parts, such
//! as `http tails`, only those are measured.

mod cpu;
mod heap;
mod instructions;
mod programs;
mod race;
mod sizes;
mod table;
mod tails;
mod threads;

use std::error::Error;
use std::process::ExitCode;

use insist_benches::{calls, tokio};
use table::{CLOSURES, FULL, FUTURES, GATES, HOSTS, HTTP, REQWEST, SHAPES, TOKIO, Table};

/// Makes the tables of a part.
type Measure = fn() -> Result<Vec<Table>, Box<dyn Error>>;

/// The parts, by the names under which they can be asked for.
const PARTS: [(&str, Measure); 10] = [
    ("closures", closures),
    ("full", full),
    ("shapes", shapes),
    ("gates", gates),
    ("hosts", hosts),
    ("futures", futures),
    ("tokio", on_tokio),
    ("http", http),
    ("reqwest", on_reqwest),
    ("tails", tails),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        let parts = PARTS.map(|(part, _)| part).join(", ");
        return Err(format!("{unknown} is no part of the figures; these are: {parts}").into());
    }
    let mut tables = Vec::new();
    for (part, measure) in PARTS {
        if asked.is_empty() || asked.iter().any(|name| name == part) {
            tables.extend(measure()?);
        }
    }
    for table in &tables {
        print!("{table}");
    }
    let missed: Vec<_> = tables.iter().flat_map(Table::missed).collect();
    for line in &missed {
        eprintln!("{line}");
    }
    Ok(if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn closures() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("Closures", CLOSURES);
    instructions::closures(&mut table)?;
    heap::allocations(&mut table, calls::JOBS);
    heap::pending_calls(&mut table);
    sizes::measure(&mut table);
    programs::measure(&mut table)?;
    Ok(vec![table])
}

fn full() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("A deadline and an attempt timeout, by the system's clock", FULL);
    cpu::full(&mut table);
    Ok(vec![table])
}

fn shapes() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("Delays, borrowed policy", SHAPES);
    instructions::shapes(&mut table)?;
    Ok(vec![table])
}

fn gates() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("Gates, hours old, borrowed policy", GATES);
    instructions::gates(&mut table)?;
    Ok(vec![table])
}

fn hosts() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("A gate for each host", HOSTS);
    instructions::hosts(&mut table)?;
    Ok(vec![table])
}

fn futures() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("Futures, with sleeps that are over at once", FUTURES);
    instructions::futures(&mut table)?;
    heap::allocations(&mut table, insist_benches::futures::JOBS);
    Ok(vec![table])
}

fn on_tokio() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("Futures on tokio, in paused time", TOKIO);
    instructions::tokio(&mut table)?;
    heap::allocations(&mut table, tokio::JOBS);
    sizes::futures(&mut table);
    programs::on_tokio(&mut table)?;
    Ok(vec![table])
}

fn http() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("HTTP", HTTP);
    threads::measure(&mut table)?;
    instructions::http(&mut table)?;
    Ok(vec![table])
}

fn on_reqwest() -> Result<Vec<Table>, Box<dyn Error>> {
    let mut table = Table::new("reqwest", REQWEST);
    instructions::on_reqwest(&mut table)?;
    Ok(vec![table])
}

fn tails() -> Result<Vec<Table>, Box<dyn Error>> {
    let [fast, slow] = tails::measure()?;
    Ok(vec![fast, slow, race::measure()?])
}
