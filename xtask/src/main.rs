//! Runs long commands by short names: `cargo xtask NAME`. Without a name it lists them.

#![forbid(unsafe_code)]

use std::process::{Command, ExitCode};

/// A task: its name, its purpose, its command, and the environment variables that it sets.
struct Task {
    name: &'static str,
    what: &'static str,
    command: &'static str,
    set: &'static [(&'static str, &'static str)],
}

const fn task(name: &'static str, what: &'static str, command: &'static str) -> Task {
    Task { name, what, command, set: &[] }
}

const TASKS: &[Task] = &[
    task("ci", "everything that has to pass", ".ci/run"),
    Task {
        set: &[("INSIST_CASES", "20")],
        ..task(
            "laws",
            "20 times as many cases for the laws",
            "cargo test --release -p insist-tests --test promises laws::",
        )
    },
    Task {
        set: &[("INSIST_CASES", "8")],
        ..task("model", "8 times as many steps beside the independent model", "cargo test -p insist-tests --test model")
    },
    Task {
        set: &[("INSIST_CASES", "5")],
        ..task("wire", "5 times as many faults on the wire", "cargo test --release -p insist-tests --test world wire::")
    },
    Task {
        set: &[("INSIST_BLESS", "1")],
        ..task(
            "bless",
            "regenerate the golden timelines; then read the diff",
            "cargo test -p insist-tests --test promises golden::",
        )
    },
    Task {
        set: &[("TRYCMD", "overwrite"), ("INSIST_BLESS", "1")],
        ..task(
            "pages",
            "regenerate what commands print and draw in the guide and the READMEs; then read the diff",
            "cargo test -p insist-cli -p insist-sim --test pages --test published --test curl",
        )
    },
    task("api", "compare the public API with docs/api; `bless` regenerates it", ".ci/api"),
    task("bench", "the figures beside the peers; needs valgrind", "tests/benches/run"),
    task(
        "loom",
        "every interleaving of the gates' atomics",
        "cargo test --release --manifest-path tests/loom/Cargo.toml",
    ),
    task(
        "madsim",
        "calls in madsim's simulations",
        "cargo test --config tests/madsim/.cargo/config.toml --manifest-path tests/madsim/Cargo.toml",
    ),
    Task {
        set: &[("INSIST_KILLS", "100")],
        ..task(
            "torture",
            "100 kills of processes that enqueue and work, and one at each write; PostgreSQL's part needs postgresql",
            "cargo test --release -p insist-store --all-features --test torture -- --nocapture",
        )
    },
    task(
        "real",
        "servers and proxies under load, those that are installed",
        "cargo test -p insist-tests --test world real::",
    ),
    task(
        "mutants",
        "mutants of the core; needs cargo-mutants, some hours",
        "cargo mutants --baseline=skip --timeout=120",
    ),
    task("fuzz", "a fuzz target, named after it; needs a nightly toolchain and cargo-fuzz", "cargo +nightly fuzz run"),
    task("no-std", "the proof that the core needs neither std nor an allocator", ".ci/no_std"),
    task("msrv", "every crate with the oldest Rust", ".ci/msrv"),
    task("minimal", "every crate with the oldest dependencies that Cargo.toml allows", ".ci/minimal_versions"),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(task) = words.next().and_then(|name| TASKS.iter().find(|task| task.name == name)) else {
        for Task { name, what, .. } in TASKS {
            println!("cargo xtask {name:8} {what}");
        }
        return ExitCode::from(2);
    };
    let mut command = task.command.split(' ');
    let program = command.next().unwrap_or_default();
    let status = Command::new(program).args(command).args(words).envs(task.set.iter().copied()).status();
    match status {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("xtask: {}: {error}", task.command);
            ExitCode::FAILURE
        }
    }
}
