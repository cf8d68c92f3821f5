//! What a library adds to a program: crates, and bytes of a stripped binary over the same program without it.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

use crate::table::{BLOCKING, CORE, HAND, Row, TOKIO_CONSTANT, Table};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The column of a library, its name, and the workspace of small programs that has it.
const LIBRARIES: &[(&str, &str)] = &[
    (CORE, "insist-core"),
    (BLOCKING, "insist-blocking"),
    ("backon", "backon"),
    ("retry", "retry"),
    ("tokio-retry", "tokio-retry"),
];

/// The column of a program, and its name. The core's has a driver written by hand.
const PROGRAMS: &[(&str, &str)] = &[
    (CORE, "small_core"),
    (BLOCKING, "small_blocking"),
    ("by hand, fastrand", "small_fastrand"),
    ("backon", "small_backon"),
    ("retry", "small_retry"),
];

/// The same on tokio, with one call site and with 17.
const ON_TOKIO: &[(&str, &str)] =
    &[(TOKIO_CONSTANT, "insist"), (HAND, "hand"), ("backon", "backon"), ("tokio-retry", "tokio_retry")];
const SITES: f64 = 17.0;

/// 6 KiB.
const SMALL: f64 = 6144.0;

pub(crate) fn measure(table: &mut Table) -> Outcome {
    let mut crates = Row::new("dependencies").at_most(CORE, 1.0);
    for (column, library) in LIBRARIES {
        crates.cell(column, dependencies(library)? as f64);
    }
    table.push(crates);
    let mut bytes = Row::new("bytes of a small stripped program over its base");
    bytes = bytes.at_most(CORE, SMALL).at_most(BLOCKING, SMALL);
    for (column, program) in PROGRAMS {
        bytes.cell(column, size(program)? - size("small_base")?);
    }
    table.push(bytes);
    let std = Row::new("the same, with an `io::Error`, which can say why a call ended without an outcome");
    table.push(std.with(BLOCKING, size("small_blocking_io")? - size("small_base_io")?));
    Ok(())
}

/// The same on tokio, whose base is the loop by hand.
pub(crate) fn on_tokio(table: &mut Table) -> Outcome {
    let mut site = Row::new("bytes of code and constants: a call site").at_most(TOKIO_CONSTANT, 7500.0);
    let mut bytes = Row::new("bytes of a small stripped program over the same by hand").at_most(TOKIO_CONSTANT, SMALL);
    for (column, name) in ON_TOKIO {
        let (one, many) = (loaded(&format!("one_{name}"))?, loaded(&format!("many_{name}"))?);
        site.cell(column, (many - one) / (SITES - 1.0));
        bytes.cell(column, size(&format!("one_{name}"))? - size("one_hand")?);
    }
    table.push(site);
    table.push(bytes);
    let std = Row::new("the same, with an `io::Error`, which can say why a call ended without an outcome");
    table.push(std.with(TOKIO_CONSTANT, size("one_insist_io")? - size("one_hand_io")?));
    Ok(())
}

/// A program that was built beside this one.
pub(crate) fn sibling(name: &str) -> Outcome<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() { Ok(path) } else { Err(format!("{name} is not built; start tests/benches/run instead").into()) }
}

fn size(program: &str) -> Outcome<f64> {
    Ok(sibling(program)?.metadata()?.len() as f64)
}

/// The bytes of a 64-bit ELF file that are loaded to be run or read: its sections, without what fills its pages up.
fn loaded(program: &str) -> Outcome<f64> {
    const IS_WRITTEN: u64 = 1;
    const IS_LOADED: u64 = 2;
    let file = std::fs::read(sibling(program)?)?;
    let number = |at: u64, bytes: usize| -> Option<u64> {
        let field = file.get(at as usize..at as usize + bytes)?;
        Some(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let sum = || {
        let (table, entry, count) = (number(0x28, 8)?, number(0x3a, 2)?, number(0x3c, 2)?);
        (0..count).map(|index| table + index * entry).try_fold(0, |sum, section| {
            let (flags, size) = (number(section + 8, 8)?, number(section + 0x20, 8)?);
            Some(sum + if flags & (IS_LOADED | IS_WRITTEN) == IS_LOADED { size } else { 0 })
        })
    };
    let sum = if file.starts_with(b"\x7fELF\x02\x01") { sum() } else { None };
    Ok(sum.ok_or_else(|| format!("{program} is no 64-bit ELF file"))? as f64)
}

/// Without the crate itself.
fn dependencies(library: &str) -> Outcome<usize> {
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
