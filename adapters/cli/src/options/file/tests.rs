//! Policy files: their errors, and the documented file.

use std::time::Duration;

use insist_core::{AtEnd, List};

use super::*;

#[test]
fn what_is_wrong_is_named_with_its_line_and_field() {
    let whole = "attempts is unlimited and nothing else ends the call; set deadline or lane_attempts";
    for (text, says) in [
        ("attempts = 0", ", line 1: attempts is 0; a call needs at least 1"),
        ("# one\n\nattempts = 0\nlanes = 2", ", line 3: attempts is 0; a call needs at least 1"),
        (
            "\r\nattempts = \"many\"\r\n",
            ", line 2, attempts: invalid value: string \"many\", expected a number of attempts, or \"unlimited\"",
        ),
        ("lanes = 300", ", line 1, lanes: invalid value: integer `300`, expected a number of lanes from 1 to 255"),
        (
            "base = \"1s\"\ndelays = [\n\"1s\",\n\"x\"]\nbackoff = \"list\"",
            ", line 4, delays: invalid value: string \"x\", expected a duration such as \"150ms\", \"1.5s\" or \"2m\"",
        ),
        ("backoff = \"list\"\n", ", line 1: delays is missing; backoff is a list, which needs at least 1"),
        (
            "lanes = 1\nfloor = \"20s\"",
            ", line 2: floor is 20s, above the cap of 10s; lower the floor or raise the cap",
        ),
        ("lanes = 1\nattempts = \"unlimited\"", &format!(", line 2: {whole}")),
        ("attempts = 3\nattempts = 4", ", line 2, attempts: duplicate key"),
        ("lanes = 2\npreset = \"elastic\"\ncap_stops = false", &format!(", line 2, preset: {whole}")),
    ] {
        assert_eq!(policy(text), Err(says.into()), "{text}");
    }
}

#[test]
fn what_is_unknown_or_no_toml_is_named_with_its_line() {
    for (text, says) in [
        ("lanes = 2\ntries = 3", ", line 2: unknown field `tries`, expected one of `preset`, "),
        ("lanes = 2\n[retry]\nattempts = 3", ", line 2: unknown field `retry`"),
        ("retry.attempts = 3", ", line 1: unknown field `retry`"),
        ("lanes = 2\nattempts = \n", ", line 2, attempts: "),
        ("lanes = 2\nattempts: 3\n", ", line 2: "),
        ("\nattempts = 3 lanes = 4", ", line 2, attempts: "),
    ] {
        let problem = parse(text).unwrap_err();
        assert!(problem.starts_with(says), "{text}: {problem}");
    }
}

/// Parses a policy that has no gates.
fn policy(text: &str) -> Result<Policy, String> {
    let (policy, gates) = parse(text)?;
    assert_eq!(gates, Gates::default(), "{text}");
    Ok(policy)
}

/// The documented file, as it stands in the repository.
fn documented() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.toml");
    std::fs::read_to_string(path).expect("the file is there")
}

/// The documented file without some fields, and with some of those that are commented out.
fn edited(leave_out: &[&str], uncomment: &[&str]) -> String {
    let text = documented();
    let key = |line: &str| line.split(" = ").next().unwrap_or_default().to_owned();
    let lines = text.lines().filter_map(|line| match line.strip_prefix('#') {
        Some(rest) if uncomment.contains(&key(rest).as_str()) => Some(rest),
        Some(_) => None,
        None if leave_out.contains(&key(line).as_str()) => None,
        None => Some(line),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn documented_fields() -> Vec<String> {
    documented().lines().filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
}

#[test]
fn the_documented_file_says_the_defaults() {
    assert_eq!(policy(&documented()), Ok(Policy::default()));
    for field in documented_fields() {
        assert_eq!(policy(&edited(&[&field], &[])), Ok(Policy::default()), "without {field}");
    }
}

#[test]
fn the_documented_file_has_every_field() {
    let problem = parse("nothing = 1").unwrap_err();
    let known: Vec<&str> = problem.split('`').skip(3).step_by(2).collect();
    assert_eq!(known.len(), 24 + Gates::NAMES.len(), "{problem}");
    let documented = documented();
    for field in known {
        let is_there = |line: &str| line.trim_start_matches('#').split_once(" = ").is_some_and(|(key, _)| key == field);
        assert!(documented.lines().any(is_there), "{field}");
    }
}

#[test]
fn what_the_documented_file_leaves_out_is_right_too() {
    let all = documented_fields();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(policy(&edited(&all, &["preset"])), Ok(Policy::aws()));

    let delays = List::new(&[1, 5, 30].map(Duration::from_secs));
    let listed = edited(&["backoff", "base", "factor", "cap", "jitter"], &["delays", "at_end"]);
    assert_eq!(policy(&format!("{listed}\nbackoff = \"list\"")), Ok(Policy::list(delays, AtEnd::Stop)));
}
