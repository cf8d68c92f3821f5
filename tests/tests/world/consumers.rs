//! Programs of outsiders: crates of their own, as people would write them, that depend on `insist` alone. Each compiles
//! and does what its author expects; and the commonest mistakes get a message that says what to write.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("consumers")
}

/// Returns what cargo prints and says of one of the crates. They share a target folder of their own, so one at a time.
fn cargo(words: &[&str], package: &str) -> Output {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.args(words).args(["--quiet", "--locked", "--package", package]).current_dir(folder());
    // What the outer cargo sets is not what an outsider has.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command.output().expect("cargo runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn each_program_compiles_and_does_what_its_author_expects() {
    for (verb, package) in [
        ("run", "service_with_anyhow"),
        ("run", "error_enum"),
        ("run", "boxed_error"),
        ("run", "mutable_connection"),
        ("run", "configured_terms"),
        ("test", "schedule_property"),
        ("run", "blocking_command"),
        ("run", "ureq_program"),
        ("test", "no_std_loop"),
        ("build", "plain_reqwest"),
        ("run", "reqwest_program"),
        ("run", "reqwest_middleware_program"),
        ("run", "axum_service"),
        ("run", "tonic_client"),
        ("run", "kube_client"),
    ] {
        let output = cargo(&[verb], package);
        assert!(output.status.success(), "{package}:\n{}{}", text(&output.stdout), text(&output.stderr));
    }
}

#[test]
fn each_program_is_short() {
    let crates = fs::read_dir(folder()).expect("the folder is there").map(|entry| entry.expect("an entry").path());
    for path in crates.filter(|path| path.join("src").is_dir() && !path.ends_with("mistakes")) {
        for file in fs::read_dir(path.join("src")).expect("a source folder") {
            let file = file.expect("a file").path();
            let lines = fs::read_to_string(&file).expect("a text").lines().count();
            assert!(lines <= 40, "{} has {lines} lines", file.display());
        }
    }
}

/// A mistake has a feature of its name, and a comment with what the compiler is to say of it.
#[test]
fn each_common_mistake_gets_a_message_that_says_what_to_write() {
    assert!(cargo(&["build"], "mistakes").status.success(), "there is a mistake without a feature");
    let mistakes = fs::read_to_string(folder().join("mistakes/src/lib.rs")).expect("a text");
    let mut seen = 0;
    for mistake in mistakes.split("// says: ").skip(1) {
        let (says, rest) = mistake.split_once('\n').expect("what it says");
        let name = rest.split('"').nth(1).expect("a feature");
        let output = cargo(&["build", "--features", name], "mistakes");
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{name} compiles, and is no mistake");
        assert!(said.contains(says), "{name} should say: {says}\nbut it says:\n{said}");
        seen += 1;
    }
    assert!(seen >= 8, "{seen} mistakes were found");
}
