//! `--policy FILE`: the file is the base, what is given on the line wins, and what is wrong is named.

use std::io::Write;

use tempfile::NamedTempFile;

use crate::run::{Ran, insist, insist_with};

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Runs `plan` with this file, and these arguments.
fn plan(text: &str, arguments: &str) -> (Ran, String) {
    let file = file(text);
    let path = file.path().to_str().unwrap();
    let words: Vec<&str> = ["plan", "--policy", path].into_iter().chain(arguments.split_whitespace()).collect();
    (insist(&words), path.to_owned())
}

/// The waits of a plan in JSON.
fn waits(text: &str, arguments: &str) -> String {
    let (ran, _) = plan(text, &format!("--json --seed 7 {arguments}"));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{text} {arguments}");
    ran.out
}

fn line(arguments: &str) -> String {
    let words = ["plan", "--json", "--seed", "7"].into_iter().chain(arguments.split_whitespace());
    insist(&words.collect::<Vec<_>>()).out
}

#[test]
fn a_file_says_what_the_line_could() {
    for (text, arguments) in [
        ("", ""),
        ("backoff = \"linear\"\nbase = \"1s\"\nattempts = 7", "--backoff linear --base 1s --attempts 7"),
        ("hedge_after = \"p95\"\nlanes = 2", "--hedge-after p95 --lanes 2"),
        ("jitter = 0.1\ncap = \"1s\"\nfactor = 3", "--jitter 0.1 --cap 1s --factor 3"),
        (
            "backoff = \"list\"\ndelays = [\"1s\", \"2s\"]\nat_end = \"repeat\"\nattempts = 5",
            "--delays 1s,2s --at-end repeat --attempts 5",
        ),
        ("preset = \"aws\"\nattempts = 6", "--preset aws --attempts 6"),
    ] {
        assert_eq!(waits(text, ""), line(arguments), "{text}");
    }
}

#[test]
fn what_is_given_on_the_line_wins_over_the_file() {
    for (text, given, arguments) in [
        ("base = \"1s\"\nattempts = 7", "--attempts 4", "--base 1s --attempts 4"),
        ("base = \"1s\"\nfactor = 3", "--base 2s", "--base 2s --factor 3"),
        ("base = \"1s\"\ncap = \"30s\"", "--backoff linear", "--backoff linear --base 1s --cap 30s"),
        ("jitter = \"none\"", "--jitter 0.5", "--jitter 0.5"),
        ("preset = \"grpc\"", "--delays 1s,2s --jitter none --cap 5s", "--delays 1s,2s --jitter none"),
        (
            "backoff = \"list\"\ndelays = [\"1s\"]\nattempts = 4",
            "--at-end repeat",
            "--delays 1s --at-end repeat --attempts 4",
        ),
        (
            "backoff = \"list\"\ndelays = [\"1s\"]\nat_end = \"repeat\"\nattempts = 4",
            "--delays 3s",
            "--delays 3s --at-end repeat --attempts 4",
        ),
        ("cap = \"none\"\nbase = \"9s\"", "--base 8s", "--base 8s --cap 20000d"),
    ] {
        assert_eq!(waits(text, given), line(arguments), "{text} {given}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_named_with_its_line_and_field() {
    for (text, says) in [
        ("attempts = 0", "line 1: attempts is 0; a call needs at least 1"),
        (
            "# mine\njitter = 1.5\n",
            "line 2, jitter: invalid value: floating point `1.5`, expected \"none\", \"full\", \"equal\", or a fraction from 0 \
             to 1",
        ),
        ("attempts = 3\nattempts = 4", "line 2, attempts: duplicate key"),
    ] {
        let (ran, path) = plan(text, "");
        let expected = format!("error: policy file {path}, {says}\n\nFor more information, try '--help'.\n");
        assert_eq!((ran.status, ran.out.as_str(), ran.err), (2, "", expected), "{text}");
    }
    let (ran, path) = plan("lanes = 2\ntries = 3\n", "");
    assert!(ran.err.starts_with(&format!("error: policy file {path}, line 2: unknown field `tries`")), "{}", ran.err);
}

#[test]
fn a_line_that_makes_no_sense_over_a_file_is_refused() {
    let (ran, _) = plan("cap = \"1s\"", "--floor 2s");
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("floor is 2s, above the cap of 1s"), "{}", ran.err);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let ran = insist(&["plan", "--policy", "/nowhere/at/all.toml"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("cannot read the policy file /nowhere/at/all.toml"), "{}", ran.err);
}

#[test]
fn a_preset_and_a_file_at_once_are_refused() {
    let file = file("");
    let ran = insist(&["plan", "--preset", "aws", "--policy", file.path().to_str().unwrap()]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("--preset") && ran.err.contains("--policy"), "{}", ran.err);
}

#[test]
fn what_has_no_effect_beside_a_file_is_noted() {
    let (ran, path) = plan("ignore_hints = true\nbackoff = \"linear\"", "--max-retry-after 1s --factor 3");
    let notes = format!(
        "insist: note: --factor has no effect with the linear backoff of --policy {path}\n\
         insist: note: --max-retry-after has no effect with --policy {path}, which ignores Retry-After\n"
    );
    assert_eq!((ran.status, ran.err), (0, notes));
}

#[test]
fn a_replay_reads_a_file_too() {
    let file = file("attempts = 2\njitter = \"none\"\n");
    let script =
        "{\"attempt\":1,\"after\":\"0\",\"verdict\":\"retry\"}\n{\"attempt\":2,\"after\":\"0\",\"verdict\":\"retry\"}";
    let ran = insist_with(&["replay", "--json", "--policy", file.path().to_str().unwrap()], script);
    assert_eq!((ran.status, ran.out.matches("\"send\"").count()), (1, 2), "{}", ran.err);
}
