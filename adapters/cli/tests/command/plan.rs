//! `insist plan`: the waits that a policy would make.

use crate::run::insist;

/// Standard output of a run that went well and had nothing to note.
pub(crate) fn plan(arguments: &str) -> String {
    let words: Vec<&str> = ["plan"].into_iter().chain(arguments.split_whitespace()).collect();
    let ran = insist(&words);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments}");
    ran.out
}

/// The waits in milliseconds, without jitter.
pub(crate) fn waits(arguments: &str) -> Vec<f64> {
    let form: serde_json::Value = serde_json::from_str(&plan(&format!("--json {arguments}"))).unwrap();
    form["delays_ns"].as_array().unwrap().iter().map(|wait| wait.as_u64().unwrap() as f64 / 1e6).collect()
}

#[test]
fn the_json_form_is_the_seed_and_the_waits() {
    assert_eq!(plan("--json --seed 7 --jitter none"), "{\"seed\":7,\"delays_ns\":[100000000,200000000]}\n");
    assert_eq!(plan("--json --seed 7 --attempts 1"), "{\"seed\":7,\"delays_ns\":[]}\n");
    let most = u64::MAX;
    assert_eq!(
        plan(&format!("--json --seed {most} --backoff stop")),
        format!("{{\"seed\":{most},\"delays_ns\":[]}}\n")
    );
}

#[test]
fn each_backoff_has_its_waits() {
    for (arguments, expected) in [
        ("--backoff zero --attempts 4", &[0.0, 0.0, 0.0][..]),
        ("--backoff stop --attempts 4", &[]),
        ("--backoff constant --attempts 4", &[100.0, 100.0, 100.0]),
        ("--backoff linear --attempts 4 --jitter none", &[100.0, 200.0, 300.0]),
        ("--backoff exponential --attempts 5 --jitter none", &[100.0, 200.0, 400.0, 800.0]),
        ("--backoff exponential --factor 1.5 --base 1s --attempts 4 --jitter none", &[1000.0, 1500.0, 2250.0]),
        ("--backoff fibonacci --attempts 7 --jitter none", &[100.0, 100.0, 200.0, 300.0, 500.0, 800.0]),
        ("--backoff list --delays 1s,2s --attempts 9", &[1000.0, 2000.0]),
        ("--delays 1s,2s --attempts 9", &[1000.0, 2000.0]),
        ("--delays 1s,2s --at-end stop --attempts 9", &[1000.0, 2000.0]),
        ("--delays 1s,2s --at-end repeat --attempts 5", &[1000.0, 2000.0, 2000.0, 2000.0]),
        ("--delays 0,1.5s --attempts 3", &[0.0, 1500.0]),
    ] {
        assert_eq!(waits(arguments), expected, "{arguments}");
    }
}

#[test]
fn growing_shapes_are_capped_at_ten_seconds_and_the_others_are_not() {
    for shape in ["linear", "exponential", "fibonacci"] {
        let waits = waits(&format!("--backoff {shape} --base 4s --count 9 --jitter none"));
        assert_eq!(waits.last(), Some(&10_000.0), "{shape}");
    }
    let decorrelated = waits("--backoff decorrelated --base 9s --count 200 --seed 1");
    assert!(decorrelated.iter().all(|wait| (9_000.0..=10_000.0).contains(wait)));
    assert_eq!(waits("--backoff constant --base 1m"), [60_000.0, 60_000.0]);
    assert_eq!(waits("--delays 1h"), [3_600_000.0]);
}

#[test]
fn floor_and_cap_hold_after_jitter() {
    let waits = waits("--base 1s --floor 600ms --cap 700ms --count 100 --seed 3");
    assert!(waits.iter().all(|wait| (600.0..=700.0).contains(wait)), "{waits:?}");
    assert!(waits.iter().filter(|wait| **wait == 700.0).count() < 2, "they do not pile up at the cap");
}

#[test]
fn jitter_spreads_as_it_says() {
    let within = |jitter: &str, low: f64, high: f64| {
        let waits = waits(&format!("--backoff constant --base 1s --jitter {jitter} --count 300 --seed 5"));
        assert!(waits.iter().all(|wait| (low..=high).contains(wait)), "{jitter}");
        let least = waits.iter().copied().fold(f64::MAX, f64::min);
        let most = waits.iter().copied().fold(0.0, f64::max);
        assert!(least < low + (high - low) * 0.1 && most > high - (high - low) * 0.1, "{jitter}");
    };
    within("full", 0.0, 1000.0);
    within("equal", 500.0, 1000.0);
    within("0.33", 670.0, 1330.0);
    within("1", 0.0, 2000.0);
    assert_eq!(waits("--backoff constant --base 1s --jitter 0 --count 3"), [1000.0; 3]);
}

#[test]
fn constants_and_lists_are_exact_unless_a_jitter_is_given_and_shapes_that_grow_are_not() {
    for arguments in ["--backoff constant", "--delays 100ms,100ms", "--preset aws --backoff constant --base 100ms"] {
        assert_eq!(waits(&format!("{arguments} --seed 5")), [100.0, 100.0], "{arguments}");
        let drawn = waits(&format!("{arguments} --seed 5 --jitter full"));
        assert!(drawn.iter().all(|wait| *wait < 100.0), "{arguments}: {drawn:?}");
    }
    for arguments in ["--backoff linear", "--backoff fibonacci", "", "--preset pester --backoff linear --base 100ms"] {
        let drawn = waits(&format!("{arguments} --seed 5"));
        assert!(drawn[0] < 100.0, "{arguments}: {drawn:?}");
    }
}

#[test]
fn a_seed_gives_the_same_waits_again_and_another_gives_others() {
    assert_eq!(plan("--json --seed 7"), plan("--json --seed 7"));
    assert_ne!(plan("--json --seed 7"), plan("--json --seed 8"));
    assert_ne!(plan("--json"), plan("--json"), "a seed that nothing says is random");
    let first: serde_json::Value = serde_json::from_str(&plan("--json")).unwrap();
    let again: serde_json::Value = serde_json::from_str(&plan(&format!("--json --seed {}", first["seed"]))).unwrap();
    assert_eq!(first, again);
}

#[test]
fn a_count_is_kept_whatever_the_number_of_attempts() {
    assert_eq!(waits("--count 5 --attempts 2 --jitter none").len(), 5);
    assert_eq!(waits("--count 5 --attempts 2 --lane-attempts 1 --jitter none").len(), 5);
    assert_eq!(waits("--count 1 --attempts 9 --jitter none").len(), 1);
    assert_eq!(waits("--count 0 --attempts 9").len(), 0);
    assert_eq!(waits("--count 5 --attempts unlimited").len(), 5);
    assert_eq!(waits("--count 5 --backoff stop").len(), 0);
    assert_eq!(waits("--count 5 --delays 1s,2s --jitter none"), [1000.0, 2000.0]);
    let more = waits("--count 9 --seed 4");
    assert_eq!(waits("--attempts 4 --seed 4"), more[..3], "the first waits are those of the policy");
}

#[test]
fn waits_are_those_of_one_lane_without_a_deadline() {
    assert_eq!(waits("--attempts 9 --lane-attempts 3 --lanes 2 --jitter none"), [100.0, 200.0]);
    assert_eq!(waits("--deadline 1ms --attempts 4 --jitter none"), [100.0, 200.0, 400.0]);
}

#[test]
fn waits_without_end_need_a_count() {
    for endless in ["", "--deadline 1s", "--backoff zero", "--delays 1s --at-end repeat"] {
        let words: Vec<&str> =
            ["plan", "--attempts", "unlimited"].into_iter().chain(endless.split_whitespace()).collect();
        let ran = insist(&words);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{endless}");
        assert!(ran.err.contains("--count"), "{}", ran.err);
    }
    assert_eq!(waits("--attempts unlimited --lane-attempts 3 --jitter none").len(), 2);
    assert_eq!(waits("--attempts unlimited --delays 1s,1s,1s --jitter none").len(), 3);
}

#[test]
fn the_table_has_a_line_a_retry_and_says_what_the_policy_is() {
    assert_eq!(
        plan("--jitter none --seed 7 --base 150ms --attempts 4"),
        "A call makes at most 4 attempts.\n\
         After a failure it waits, at first 150ms, then twice as long each time, never more than 10s.\n\
         What a server asks for with Retry-After is waited for first, and the wait comes on top; more than 5m ends the \
         call.\n\
         \n\
         exponential from 150ms × 2, cap 10s, no jitter; 4 attempts in all; Retry-After up to 5m; seed 7\n\
         \n\
         retry              wait   since the start\n\
         \x20   1             150ms             150ms\n\
         \x20   2             300ms             450ms\n\
         \x20   3             600ms             1.05s\n"
    );
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    use std::io::Read;
    use std::process::{Command, Stdio};

    for form in [&["--json"][..], &[]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_insist"))
            .args(["plan", "--count", "1000000"])
            .args(form)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut start = [0; 20];
        child.stdout.take().unwrap().read_exact(&mut start).unwrap();
        let ran = crate::run::ran(child.wait_with_output().unwrap());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    }
}
