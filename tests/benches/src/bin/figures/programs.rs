//! What a library adds to a program: crates, and bytes of a stripped binary over the same program without it.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

use crate::table::{INSIST, Row, Table};

/// The column of a library, and its name.
const LIBRARIES: &[(&str, &str)] = &[
    (INSIST, "insist-core"),
    ("insist-blocking", "insist-blocking"),
    ("backon", "backon"),
    ("retry", "retry"),
    ("tokio-retry", "tokio-retry"),
];

/// The column of a program, and its name. The core's has a driver written by hand.
const PROGRAMS: &[(&str, &str)] = &[
    (INSIST, "small_core"),
    ("insist-blocking", "small_blocking"),
    ("by hand, fastrand", "small_fastrand"),
    ("backon", "small_backon"),
    ("retry", "small_retry"),
];

pub(crate) fn measure(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let mut crates = Row::new("dependencies").at_most(1.0);
    let mut bytes = Row::new("bytes of a small stripped program over its base").at_most_in("insist-blocking", 6144.0);
    let base = size("small_base")?;
    for (column, library) in LIBRARIES {
        crates.cell(column, dependencies(library)? as f64);
    }
    for (column, program) in PROGRAMS {
        bytes.cell(column, size(program)? as f64 - base as f64);
    }
    table.push(crates);
    table.push(bytes);
    Ok(())
}

/// A program that was built beside this one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() { Ok(path) } else { Err(format!("{name} is not built; start tests/benches/run instead").into()) }
}

fn size(program: &str) -> Result<u64, Box<dyn Error>> {
    Ok(sibling(program)?.metadata()?.len())
}

/// Without the crate itself.
fn dependencies(library: &str) -> Result<usize, Box<dyn Error>> {
    let tree = ["tree", "--quiet", "--package", library, "--edges", "normal", "--prefix", "none", "--no-dedupe"];
    let output =
        Command::new("cargo").args(tree).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/small")).output()?;
    if !output.status.success() {
        return Err(format!("cargo tree failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let lines = String::from_utf8(output.stdout)?;
    let names: BTreeSet<&str> = lines.lines().filter_map(|line| line.split_whitespace().next()).collect();
    Ok(names.len() - 1)
}
