//! `--draw`: pictures alone, in plain text.

use assert_cmd::Command;

use crate::run::{Ran, insist, ran};

fn drawn(locale: &str, arguments: &str, input: &str) -> Ran {
    let output = Command::cargo_bin("insist")
        .unwrap()
        .args(arguments.split_whitespace())
        .env("LC_ALL", locale)
        .write_stdin(input)
        .output()
        .unwrap();
    ran(output)
}

#[test]
fn a_plan_is_drawn_with_the_range_of_each_wait() {
    let ran = drawn("C", "plan --draw --backoff linear --jitter equal --attempts 4 --seed 7", "");
    assert_eq!(
        (ran.status, ran.err.as_str(), ran.out.as_str()),
        (
            0,
            "",
            "linear from 100ms, cap 10s, equal jitter; seed 7\n\
             \n\
             retry     wait  0                                                      300ms\n\
             \x20   1   70.7ms  .........----o------\n\
             \x20   2    174ms  ...................---------------o-----\n\
             \x20   3    195ms  .............................---------o---------------------\n\
             \n\
             . always waited   - where the wait may end   o where it ends with this seed\n"
        )
    );
}

#[test]
fn a_replay_is_drawn_without_its_actions() {
    let script = "{\"attempt\":1,\"after\":\"20ms\",\"verdict\":\"retry\"}\n\
                  {\"attempt\":2,\"after\":\"40ms\",\"verdict\":\"accept\"}";
    let ran = drawn("C", "replay --draw --jitter none --base 60ms", script);
    assert_eq!(
        (ran.status, ran.err.as_str(), ran.out.as_str()),
        (
            0,
            "",
            "          0                                  120ms\n\
             #1 first  ======x                                   retry\n\
             #2 retry        ....................=============+  accept\n\
             \n\
             = in flight   . waiting   x failed   + accepted\n"
        )
    );
}

#[test]
fn a_race_is_drawn_with_what_its_losers_would_have_taken() {
    let script = "{\"attempt\":1,\"after\":\"200ms\",\"verdict\":\"accept\"}\n\
                  {\"attempt\":2,\"after\":\"50ms\",\"verdict\":\"accept\"}";
    let ran = drawn("C", "replay --draw --lanes 2", script);
    assert_eq!(
        ran.out,
        "                    0                                  200ms\n\
         #1 first in lane 0  =========/~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~  lost\n\
         #2 hedge in lane 1  =========+                                accept\n\
         \n\
         = in flight   / cancelled   + accepted   ~ no longer waited for\n"
    );
}

#[test]
fn a_picture_fits_80_columns_and_has_no_colours_where_there_is_no_terminal() {
    for arguments in [
        "plan --draw --preset elastic --count 20 --seed 1",
        "plan --draw --backoff list --delays 1ns,1h,100000h --seed 1",
        "plan --draw --attempts 1 --seed 1",
        "plan --draw --backoff zero --attempts 9 --seed 1",
    ] {
        for locale in ["C", "C.UTF-8"] {
            let ran = drawn(locale, arguments, "");
            assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments}");
            let widest = ran.out.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= 80 && !ran.out.contains('\u{1b}'), "{arguments}: {}", ran.out);
        }
    }
}

#[test]
fn a_cap_that_stops_leaves_ranges_without_a_wait() {
    let without = |seed: u64| {
        let ran = drawn("C", &format!("plan --draw --preset elastic --cap 1s --count 20 --seed {seed}"), "");
        ran.out.lines().filter(|line| line.contains("   none  ..") && line.ends_with("--")).count()
    };
    let without: Vec<_> = (1..9).map(without).collect();
    assert!(without.iter().any(|count| *count > 0), "{without:?}");
}

#[test]
fn what_has_no_end_is_drawn_in_part() {
    let ran = drawn("C", "plan --draw --preset cenkalti --seed 1", "");
    assert!(ran.out.ends_with("\nAnd so on without end; --count prints more.\n"), "{}", ran.out);
    let ran = insist(&["plan", "--draw", "--attempts", "unlimited"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
}

#[test]
fn a_picture_and_json_are_two_things() {
    for command in ["plan", "replay"] {
        let ran = insist(&[command, "--draw", "--json"]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("'--draw' cannot be used with '--json'"), "{}", ran.err);
    }
}
