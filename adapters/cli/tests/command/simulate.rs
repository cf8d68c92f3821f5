//! `insist simulate`: the worlds of the repository, its figures, pictures and conditions, and what is wrong in its files.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::run::{Ran, insist};

const WORLDS: [&str; 11] = [
    "steady",
    "hang",
    "fail-fast",
    "overload",
    "slow-replica",
    "capacity-loss",
    "bursts",
    "thrashing",
    "turned-away",
    "drift",
    "told-to-wait",
];

fn world(name: &str) -> String {
    format!("{}/../../docs/worlds/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

fn simulate(arguments: &str) -> Ran {
    let words: Vec<&str> = std::iter::once("simulate").chain(arguments.split_whitespace()).collect();
    insist(&words)
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn shown(file: &NamedTempFile) -> String {
    file.path().display().to_string()
}

/// A world that runs in a moment.
const SMALL: &str = "\
lasting = \"20s\"
[clients]
arrivals = \"even\"
per_second = 50
[servers]
service = \"10ms\"
[[incidents]]
kind = \"fail\"
from = \"5s\"
until = \"10s\"
";

#[test]
fn the_worlds_of_the_repository_are_read_and_run() {
    let worlds = WORLDS.iter().fold(String::new(), |mut all, name| {
        let _ = write!(all, "--world {} ", world(name));
        all
    });
    let ran = simulate(&format!("{worlds} --preset aws --attempt-timeout 1s --seeds 1 --seed 7"));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for name in WORLDS {
        assert!(ran.out.contains(&format!("{name}: ")), "{name}: {}", ran.out);
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/worlds");
    assert_eq!(std::fs::read_dir(sources).unwrap().count(), WORLDS.len());
}

#[test]
fn json_is_one_object_with_each_figure_and_its_spread() {
    let small = file(SMALL);
    let arguments = format!("--world {} --preset aws --preset grpc --seeds 2 --seed 7 --json", shown(&small));
    let ran = simulate(&arguments);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&json["version"], &json["seed"]), (&1.into(), &7.into()));
    let runs = json["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    let keys: Vec<&str> = runs[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "calls",
        "p50_ms",
        "p99_ms",
        "peak",
        "policy",
        "recovers_s",
        "refused",
        "seeds",
        "sends_per_call",
        "spread",
        "success",
        "world",
    ];
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!((&runs[0]["policy"], &runs[1]["policy"]), (&"aws".into(), &"grpc".into()));
    assert_eq!(runs[0]["seeds"], 2);
    // The first call begins after 20 ms.
    assert_eq!(runs[0]["calls"], 999.0);
    assert!((runs[0]["p50_ms"].as_f64().unwrap() - 10.0).abs() < 0.05);
    assert_eq!(runs[0]["recovers_s"], 0.0);
    assert_eq!(runs[0]["spread"]["calls"], 0.0);
    assert_eq!(simulate(&arguments).out, ran.out, "the same seed gives the same figures");
}

#[test]
fn a_condition_that_does_not_hold_is_named_and_exits_with_1() {
    let small = file(SMALL);
    let arguments =
        format!("--world {} --preset aws --seeds 1 --seed 7 --assert p99<=5s --assert success>=0.99", shown(&small));
    let ran = simulate(&arguments);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains(", aws: success is 0.7"), "{}", ran.err);
    assert!(ran.err.ends_with("and --assert wants success>=0.99\n") && !ran.err.contains("p99"), "{}", ran.err);
    assert_eq!(simulate(&arguments.replace("0.99", "0.7")).status, 0);
}

#[test]
fn gates_of_a_policy_file_are_at_work() {
    let small = file(SMALL);
    let plain = file("attempts = 4");
    let gated =
        file("attempts = 4\nbreaker = { ratio = 0.5, open_for = \"1s\" }\nbudget = 0.1\n# a comment\nbulkhead = 50");
    let ran = simulate(&format!(
        "--world {} --policy {} --policy {} --seeds 1 --seed 7 --json",
        shown(&small),
        shown(&plain),
        shown(&gated)
    ));
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let refused = |index: usize| json["runs"][index]["refused"].as_f64().unwrap();
    assert_eq!(refused(0), 0.0);
    assert!(refused(1) > 100.0, "{}", ran.out);
}

#[test]
fn pictures_and_pages_are_whole_files() {
    let small = file(SMALL);
    let folder = tempfile::tempdir().unwrap();
    let (svg, html) = (folder.path().join("a.svg"), folder.path().join("a.html"));
    let ran = simulate(&format!(
        "--world {} --preset aws --seeds 1 --svg {} --html {}",
        shown(&small),
        svg.display(),
        html.display()
    ));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let (svg, html) = (std::fs::read_to_string(svg).unwrap(), std::fs::read_to_string(html).unwrap());
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    for outside in ["http://", "https://", "<script", "src="] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn a_sweep_tries_each_value() {
    let small = file(SMALL);
    let ran =
        simulate(&format!("--world {} --preset aws --sweep attempts=1..3 --seeds 1 --seed 7 --json", shown(&small)));
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let runs = json["runs"].as_array().unwrap();
    let names: Vec<&str> = runs.iter().map(|run| run["policy"].as_str().unwrap()).collect();
    assert_eq!(names, ["aws attempts=1", "aws attempts=2", "aws attempts=3"]);
    let sends: Vec<f64> = runs.iter().map(|run| run["sends_per_call"].as_f64().unwrap()).collect();
    assert!(sends[0] == 1.0 && sends[1] > 1.2 && sends[2] > sends[1], "{sends:?}");
}

#[track_caller]
fn assert_usage(arguments: &str, message: &str) {
    let ran = simulate(arguments);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains(message), "{}", ran.err);
}

#[test]
fn what_is_wrong_is_named_by_file_line_and_word() {
    let small = file(SMALL);
    let small = shown(&small);
    let world = file(&SMALL.replace("per_second = 50", "per_second = 0"));
    assert_usage(
        &format!("--world {}", shown(&world)),
        &format!("world file {}, line 4: per_second is 0", shown(&world)),
    );
    let policy = file("attempts = 3\nbudget = 20");
    let path = shown(&policy);
    assert_usage(
        &format!("--world {small} --policy {path}"),
        &format!("policy file {path}, line 2: the ratio of the budget is not"),
    );
    let policy = file("attempts = 3\nbreaker = \"half\"");
    assert_usage(
        &format!("--world {small} --policy {}", shown(&policy)),
        "line 2, breaker: a number above 0 and up to 1, or a table is needed",
    );
    let policy = file("\nbudget = 0.1\nattemps = 3");
    assert_usage(&format!("--world {small} --policy {}", shown(&policy)), "line 3");
    assert_usage(&format!("--world {small} --assert sucess>=1"), "\"sucess\" is no figure");
    assert_usage(&format!("--world {small} --sweep jitter=1..2"), "\"jitter\" cannot be swept");
    assert_usage("--world nowhere.toml", "cannot read the world file nowhere.toml");
    assert_usage("--preset aws", "--world");
}
