//! Command lines that make no sense, and those that make sense with a note.

use crate::run::{Ran, insist};

fn run(line: &str) -> Ran {
    insist(&line.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (line, named) in [
        ("plan --attempts 0", &["--attempts", "'0'", "at least 1"][..]),
        ("plan --attempts -1", &["--attempts", "'-1'"]),
        ("plan --attempts many", &["--attempts", "'many'"]),
        ("plan --attempts 5000000000", &["--attempts", "'5000000000'"]),
        ("plan --lane-attempts 0", &["--lane-attempts", "'0'", "at least 1"]),
        ("plan --lanes 0", &["--lanes", "'0'", "at least 1"]),
        ("plan --lanes 256", &["--lanes", "'256'", "255"]),
        ("plan --jitter 1.1", &["--jitter", "'1.1'", "from 0 to 1"]),
        ("plan --jitter -0.5", &["--jitter", "'-0.5'", "from 0 to 1"]),
        ("plan --jitter NaN", &["--jitter", "'NaN'", "from 0 to 1"]),
        ("plan --jitter most", &["--jitter", "'most'", "none, full, equal"]),
        ("plan --factor 0", &["--factor", "'0'", "above 0"]),
        ("plan --factor -2", &["--factor", "'-2'", "above 0"]),
        ("plan --factor inf", &["--factor", "'inf'", "above 0"]),
        ("plan --factor nan", &["--factor", "'nan'", "above 0"]),
        ("plan --floor 2s --cap 1s", &["floor", "2s", "cap", "1s"]),
        ("plan --base 5", &["--base", "'5'", "unit"]),
        ("plan --base -5s", &["-5"]),
        ("plan --base 5parsec", &["--base", "'5parsec'", "unit"]),
        ("plan --cap 1.s", &["--cap", "'1.s'"]),
        ("plan --delays 1s,,2s", &["--delays", "''"]),
        ("plan --delays 1s,x", &["--delays", "'x'"]),
        ("plan --backoff list", &["--delays", "list"]),
        ("plan --backoff quadratic", &["--backoff", "'quadratic'", "fibonacci"]),
        ("plan --at-end never --delays 1s", &["--at-end", "'never'", "repeat"]),
        ("plan --attempt-timeout 0", &["--attempt-timeout", "'0'"]),
        ("plan --deadline 0", &["--deadline", "'0'"]),
        ("plan --seed -1", &["-1"]),
        ("plan --seed x", &["--seed", "'x'"]),
        ("plan --count x", &["--count", "'x'"]),
        ("plan 7", &["'7'"]),
        ("replay --repeat sometimes", &["--repeat", "'sometimes'", "if-unsent"]),
        ("replay --attempts unlimited", &["--attempts unlimited", "--deadline"]),
        ("replay /nowhere/at/all.jsonl", &["/nowhere/at/all.jsonl"]),
        ("plane", &["'plane'"]),
    ] {
        let ran = run(line);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{line}: {}", ran.err);
        for word in named {
            assert!(ran.err.contains(word), "{line}: {word} in {}", ran.err);
        }
    }
}

#[test]
fn a_duration_of_zero_needs_no_unit() {
    for line in [
        "plan --base 0",
        "plan --cap 0",
        "plan --floor 0",
        "plan --delays 0,0",
        "plan --lanes 2 --hedge-after 0",
        "plan --max-retry-after 0",
    ] {
        let ran = run(line);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{line}");
    }
}

#[test]
fn what_has_no_effect_is_noted_and_not_refused() {
    for (line, note) in [
        ("plan --backoff linear --factor 3", "--factor has no effect with --backoff linear"),
        ("plan --backoff zero --base 1s", "--base has no effect with --backoff zero"),
        ("plan --backoff list --delays 1s --base 1s", "--base has no effect with --backoff list"),
        ("plan --backoff linear --delays 1s", "--delays has no effect with --backoff linear"),
        ("plan --at-end repeat", "--at-end has no effect with --backoff exponential"),
        ("plan --backoff decorrelated --jitter none", "--jitter has no effect with --backoff decorrelated"),
        ("plan --backoff zero --jitter equal", "--jitter has no effect with --backoff zero"),
        ("plan --backoff stop --cap 1s", "--cap has no effect with --backoff stop"),
        ("plan --backoff stop --floor 1s", "--floor has no effect with --backoff stop"),
        ("plan --hedge-after 1s", "--hedge-after has no effect with one lane; --lanes 2 gives it another"),
        ("plan --ignore-retry-after --max-retry-after 1s", "--max-retry-after has no effect with --ignore-retry-after"),
    ] {
        let ran = run(line);
        assert_eq!((ran.status, ran.err), (0, format!("insist: note: {note}\n")), "{line}");
    }
}

#[test]
fn what_has_an_effect_is_not_noted() {
    for line in [
        "plan --factor 3",
        "plan --backoff zero --floor 1s --jitter 0.5 --cap 2s",
        "plan --backoff constant --cap 1ms",
        "plan --delays 1s --at-end stop",
        "plan --lanes 2 --hedge-after 1s",
    ] {
        let ran = run(line);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{line}");
    }
}

#[test]
fn help_and_version_are_on_standard_output() {
    for line in ["--help", "plan --help", "replay --help", "--version"] {
        let ran = run(line);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{line}");
        assert!(ran.out.contains("insist"), "{line}");
    }
    assert_eq!(run("--version").out, format!("insist {}\n", env!("CARGO_PKG_VERSION")));
    for line in ["plan --help", "replay --help"] {
        assert!(run(line).out.contains("Examples:"), "{line}");
    }
}

#[test]
fn no_command_at_all_is_answered_with_the_help() {
    let ran = run("");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("Usage: insist"), "{}", ran.err);
}
