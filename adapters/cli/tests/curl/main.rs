//! The guide's table of curl and insist: forty cases, each command run against the same scripted server.
//!
//! `cargo xtask pages` measures both anew and writes the table, which needs the curl that the chapter names; the test compares what
//! insist does with the table in any case, and what curl does where that curl is installed.

#![cfg(all(unix, feature = "ureq"))]

mod cases;
mod measure;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;

use cases::cases;
use measure::{Did, curl_version, measure};

const BEGIN: &str = "<!-- forty cases -->\n";
const END: &str = "<!-- the end of forty cases -->\n";

#[test]
fn the_chapter_shows_what_curl_and_insist_do() {
    let path = repository().join("docs/guide/20-curl.md");
    let chapter = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = chapter.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let version = curl_version();
    let is_same_curl = version.as_ref().is_some_and(|version| before.contains(&format!("curl {version}")));
    let is_blessed = std::env::var_os("INSIST_BLESS").is_some();

    let cases = cases();
    assert!(cases.len() >= 40);
    let asks_curl = is_same_curl || is_blessed;
    let mut did: Vec<(Option<Did>, Did)> = Vec::new();
    // A few at a time, so that none is late for want of a processor.
    for some in cases.chunks(6) {
        did.extend(std::thread::scope(|scope| {
            let run = |case| {
                let curl = asks_curl.then(|| scope.spawn(move || measure("curl", case)));
                (curl, scope.spawn(move || measure("insist", case)))
            };
            let runs: Vec<_> = some.iter().map(run).collect();
            let ended = |(curl, insist): (Option<ScopedJoinHandle<'_, Did>>, ScopedJoinHandle<'_, Did>)| {
                (curl.map(|run| run.join().unwrap()), insist.join().unwrap())
            };
            runs.into_iter().map(ended).collect::<Vec<_>>()
        }));
    }

    let rows: Vec<&str> = table.lines().skip(2).collect();
    let mut shown = String::from("| the server | the command | curl | insist |\n|---|---|---|---|\n");
    for (index, (case, (curl, insist))) in cases.iter().zip(&did).enumerate() {
        let before = rows.get(index).and_then(|row| row.split(" | ").nth(2)).unwrap_or_default();
        let curl = curl.as_ref().map_or(before.to_owned(), Did::to_string);
        let _ = writeln!(shown, "| {} | `{}` | {curl} | {insist} |", case.server, case.shown());
    }
    if is_blessed {
        assert!(version.is_some(), "the table needs curl");
        std::fs::write(&path, format!("{before}{BEGIN}{shown}{END}{after}")).unwrap();
    } else {
        for (old, new) in table.lines().zip(shown.lines()) {
            assert_eq!(old, new, "`cargo xtask pages` writes the table anew");
        }
        assert_eq!(table.lines().count(), shown.lines().count());
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
