//! Every `console` block of the guide and the READMEs, and every picture of worlds, is what the command prints today.
//!
//! `cargo xtask pages` writes them anew.

#![cfg(all(unix, feature = "ureq"))]

use std::fmt::Write;
use std::path::{Path, PathBuf};

#[test]
fn the_pages_show_what_the_command_prints() {
    // Commands are run where the guide and its scripts are.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide")).unwrap();
    trycmd::TestCases::new()
        .env("LC_ALL", "C.UTF-8")
        .register_bin("insist", std::path::Path::new(env!("CARGO_BIN_EXE_insist")))
        .register_bin("cat", std::path::Path::new("/bin/cat"))
        .case("*.md")
        .case("../../README.md")
        .case("../../core/README.md")
        .case("../../adapters/*/README.md")
        .case("../../tests/flaky/README.md");
}

/// Chapters on worlds run their commands where a reader does, in the repository.
#[test]
fn the_chapters_on_worlds_show_what_the_command_prints() {
    for name in ["16-simulating.md", "17-which-gate.md"] {
        let path = repository().join("docs/guide").join(name);
        let chapter = std::fs::read_to_string(&path).unwrap();
        let mut parts = chapter.split("<!-- command: insist ");
        let mut shown = parts.next().unwrap().to_owned();
        for part in parts {
            let (command, rest) = part.split_once(" -->\n```text\n").unwrap();
            let (_, after) = rest.split_once("```").unwrap();
            let mut insist = assert_cmd::Command::cargo_bin("insist").unwrap();
            let output =
                insist.current_dir(repository()).env("LC_ALL", "C.UTF-8").args(command.split(' ')).output().unwrap();
            let out = String::from_utf8(output.stdout).unwrap();
            let _ = write!(shown, "<!-- command: insist {command} -->\n```text\n$ insist {command}\n\n{out}```{after}");
        }
        if std::env::var_os("INSIST_BLESS").is_some() {
            std::fs::write(path, shown).unwrap();
        } else {
            let stale = "a command of this chapter prints something else; `cargo xtask pages` writes it anew";
            assert!(shown == chapter, "{name}: {stale}");
        }
    }
}

#[test]
fn the_readme_shows_two_rows_of_the_chapter_on_worlds() {
    let chapter = std::fs::read_to_string(repository().join("docs/guide/16-simulating.md")).unwrap();
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let rows = chapter.lines().filter(|line| line.starts_with("guarded") || line.starts_with("aws")).take(2);
    rows.for_each(|row| assert!(readme.contains(row), "README.md does not show, as the guide does, {row}"));
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
