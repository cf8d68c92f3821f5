//! Measures everything in one run and prints tables in Markdown; exits with 1 if a target is missed.
//!
//! Targets are for what a busy machine does not change: instructions, allocations, bytes, requests. Start it with `tests/benches/run`,
//! which builds what it measures.

mod heap;
mod instructions;
mod programs;
mod race;
mod sizes;
mod table;
mod tails;

use std::error::Error;
use std::process::ExitCode;

use insist_benches::{calls, futures, tokio};
use table::{CLOSURES, FUTURES, GATES, HTTP, SHAPES, TOKIO, Table};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut closures = Table::new("Closures", CLOSURES);
    instructions::closures(&mut closures)?;
    heap::allocations(&mut closures, calls::JOBS);
    heap::pending_calls(&mut closures);
    sizes::measure(&mut closures);
    programs::measure(&mut closures)?;

    let mut warm = Table::new("Gates, hours old, borrowed policy", GATES);
    instructions::gates(&mut warm)?;

    let mut shapes = Table::new("Delays", SHAPES);
    instructions::shapes(&mut shapes)?;

    let mut plain = Table::new("Futures, with sleeps that are over at once", FUTURES);
    instructions::futures(&mut plain, "futures", futures::JOBS)?;
    heap::allocations(&mut plain, futures::JOBS);

    let mut on_tokio = Table::new("Futures on tokio, in paused time", TOKIO);
    instructions::futures(&mut on_tokio, "tokio", tokio::JOBS)?;
    heap::allocations(&mut on_tokio, tokio::JOBS);
    sizes::futures(&mut on_tokio);

    let mut gets = Table::new("HTTP", HTTP);
    instructions::http(&mut gets)?;

    let tables = [closures, warm, shapes, plain, on_tokio, gets];
    for table in &tables {
        print!("{table}");
    }
    println!("{}### Race\n\n{}", tails::measure()?, race::measure()?);
    let missed: usize = tables.iter().map(Table::missed).sum();
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
