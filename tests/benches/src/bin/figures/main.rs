//! Measures everything in one run and prints tables in Markdown; then, if targets are missed, says which and exits with 1.
//!
//! Targets are for what a busy machine does not change, instructions, allocations, bytes, requests, and for ratios of
//! what was measured in turn. Start it with `tests/benches/run`, which builds what it measures.

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

use insist_benches::{calls, futures, tokio};
use table::{CLOSURES, FULL, FUTURES, GATES, HOSTS, HTTP, REQWEST, SHAPES, TOKIO, Table};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut closures = Table::new("Closures", CLOSURES);
    instructions::closures(&mut closures)?;
    heap::allocations(&mut closures, calls::JOBS);
    heap::pending_calls(&mut closures);
    sizes::measure(&mut closures);
    programs::measure(&mut closures)?;

    let mut full = Table::new("A deadline and an attempt timeout, by the system's clock", FULL);
    cpu::full(&mut full);

    let mut shapes = Table::new("Delays, borrowed policy", SHAPES);
    instructions::shapes(&mut shapes)?;

    let mut warm = Table::new("Gates, hours old, borrowed policy", GATES);
    instructions::gates(&mut warm)?;

    let mut by_host = Table::new("A gate for each host", HOSTS);
    instructions::hosts(&mut by_host)?;

    let mut plain = Table::new("Futures, with sleeps that are over at once", FUTURES);
    instructions::futures(&mut plain)?;
    heap::allocations(&mut plain, futures::JOBS);

    let mut on_tokio = Table::new("Futures on tokio, in paused time", TOKIO);
    instructions::tokio(&mut on_tokio)?;
    heap::allocations(&mut on_tokio, tokio::JOBS);
    sizes::futures(&mut on_tokio);
    programs::on_tokio(&mut on_tokio)?;

    let mut gets = Table::new("HTTP", HTTP);
    threads::measure(&mut gets)?;
    instructions::http(&mut gets)?;

    let mut on_reqwest = Table::new("reqwest", REQWEST);
    instructions::on_reqwest(&mut on_reqwest)?;

    let [fast, slow] = tails::measure()?;
    let race = race::measure()?;
    let tables = [closures, full, shapes, warm, by_host, plain, on_tokio, gets, on_reqwest, fast, slow, race];
    for table in &tables {
        print!("{table}");
    }
    let missed: Vec<_> = tables.iter().flat_map(Table::missed).collect();
    for line in &missed {
        eprintln!("{line}");
    }
    Ok(if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
