//! Measures everything in one run and prints one table in Markdown; exits with 1 if a target is missed.
//!
//! Only what a busy machine does not change: instructions, allocations, bytes. Start it with `tests/benches/run`,
//! which builds what it measures.

mod heap;
mod instructions;
mod programs;
mod sizes;
mod table;

use std::error::Error;
use std::process::ExitCode;

use table::Table;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut table = Table::default();
    instructions::measure(&mut table)?;
    heap::measure(&mut table);
    sizes::measure(&mut table);
    programs::measure(&mut table)?;
    print!("{table}");
    Ok(if table.missed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
