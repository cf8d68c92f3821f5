//! `docs/faults.md` is complete, and names only tests that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A line of a table: the ids of a fault, and the tests that show insist without it.
struct Row {
    ids: Vec<String>,
    tests: Vec<String>,
    is_construction: bool,
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(format!("{ROOT}/docs/faults.md")).unwrap();
    let lines = page.lines().filter(|line| line.starts_with('|') && !line.starts_with("|--"));
    lines.filter(|line| !line.starts_with("| id |")).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [ids, whose, fault, insist, shown] = cells[..] else { panic!("not five cells: {line}") };
    assert!([ids, whose, fault, insist, shown].iter().all(|cell| !cell.is_empty()), "{line}");
    let is_construction = shown == "construction";
    let names = shown.split(", ").filter(|_| !is_construction);
    let bare = |name: &str| name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).map(str::to_owned);
    let tests = names.map(|name| bare(name).unwrap_or_else(|| panic!("{name} is no test: {line}"))).collect();
    Row { ids: ids.split(", ").map(str::to_owned).collect(), tests, is_construction }
}

/// The tests of all sources in a folder, each with the comment before it.
fn tests_below(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                tests_below(&path, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            tests_of(&fs::read_to_string(path).unwrap(), found);
        }
    }
}

fn tests_of(source: &str, found: &mut BTreeMap<String, String>) {
    let (mut comment, mut is_test) = (String::new(), false);
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            comment += text;
        } else if line.starts_with("#[") {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
        } else {
            let name = line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            found.extend(name.filter(|_| is_test).map(|name| (name.to_owned(), comment)));
            (comment, is_test) = (String::new(), false);
        }
    }
}

fn tests_in(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    tests_below(&Path::new(ROOT).join(folder), &mut found);
    found
}

#[test]
fn every_test_that_the_list_names_exists() {
    let sources: BTreeMap<_, _> = ["core", "adapters", "tests"].into_iter().flat_map(tests_in).collect();
    assert!(sources.len() > 500, "{} tests were found", sources.len());
    for Row { ids, tests, is_construction } in rows() {
        assert!(is_construction || !tests.is_empty(), "{ids:?} has neither a test nor a reason");
        for test in tests {
            assert!(sources.contains_key(&test), "{ids:?} names {test}, which does not exist");
        }
    }
}

/// The ids that a test's comment begins with, such as "Fault R16, ihrwein/backoff #39: …".
fn ids(comment: &str) -> Option<Vec<String>> {
    let said = comment.trim().strip_prefix("Fault ")?;
    let ids = said.split_once(": ").map_or(said.trim_end_matches('.'), |(ids, _)| ids);
    Some(ids.split(", ").map(str::to_owned).collect())
}

#[test]
fn every_test_of_a_fault_is_in_the_list_with_the_ids_that_it_names() {
    let rows = rows();
    let tests = tests_in("tests/tests/systems");
    let faults: Vec<_> = tests.iter().filter_map(|(test, comment)| Some((test, ids(comment)?))).collect();
    assert!(faults.len() > 120, "{} tests were found", faults.len());
    for (test, ids) in faults {
        for id in ids {
            let is_listed = |row: &Row| row.tests.contains(test) && row.ids.contains(&id);
            assert!(rows.iter().any(is_listed), "no row of {id} names {test}");
        }
    }
}

#[test]
fn every_numbered_fault_is_in_the_list() {
    let listed: BTreeSet<_> = rows().into_iter().flat_map(|row| row.ids).collect();
    for (letter, last) in [('P', 17), ('E', 9), ('R', 45), ('O', 20)] {
        for number in 1..=last {
            assert!(listed.contains(&format!("{letter}{number}")), "{letter}{number} is missing");
        }
    }
}
