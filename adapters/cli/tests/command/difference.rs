//! What is printed where the machine and the model of the tests differ: `insist replay` reads it and shows it.

use std::path::Path;

use insist_tests::difference::{Difference, Slip, hunt};
use insist_tests::record::Did;

use crate::run::{Ran, insist, ran};

/// Holds what a model gets wrong that believes a hint is to be ignored, or that a seed is another one.
const SLIPS: [Slip; 3] = [
    |told| told.policy = told.policy.ignore_hints(),
    |told| told.policy = told.policy.hedge_on_failure(false),
    |told| told.seed ^= 1,
];

fn differences() -> impl Iterator<Item = Difference> {
    (5951..).zip(SLIPS).map(|(number, slip)| hunt(number, slip, |_| false).expect("only a difference ends it"))
}

/// Returns how a line of `--json` tells an action.
fn told(did: Did) -> String {
    let number = |number: Option<u64>| number.map_or("null".into(), |number| number.to_string());
    match did {
        Did::Send(sending) => format!(r#""action":"send","attempt":{},"lane":{},"#, sending.id, sending.lane),
        Did::Cancel(id, reason) => format!(r#""action":"cancel","attempt":{id},"reason":"{reason}"}}"#),
        Did::Wait(until, _) => format!(r#""action":"wait","until_ns":{}}}"#, number(until)),
        Did::Return(id) => format!(r#""action":"return","attempt":{id}}}"#),
        Did::GiveUp(ending) => {
            let (reason, last) = (ending.reason.as_str(), number(ending.last.map(u64::from)));
            let refusal = ending.refusal.map_or("null".into(), |refusal| format!("\"{refusal}\""));
            format!(r#""action":"give_up","reason":"{reason}","refusal":{refusal},"last":{last},"#)
        }
    }
}

/// A replay with the files in a folder and further arguments.
fn replayed(difference: &Difference, folder: &Path, more: &str) -> Ran {
    let (policy, script) = (folder.join("policy.toml"), folder.join("script.jsonl"));
    std::fs::write(&policy, &difference.replay.policy).unwrap();
    std::fs::write(&script, &difference.replay.script).unwrap();
    let mut words = vec!["replay", script.to_str().unwrap(), "--policy", policy.to_str().unwrap(), more];
    words.extend(difference.replay.arguments.iter().map(String::as_str));
    insist(&words)
}

#[test]
fn a_replay_shows_where_the_machine_and_a_wrong_model_differ() {
    for difference in differences() {
        let folder = tempfile::tempdir().unwrap();
        let ran = replayed(&difference, folder.path(), "--json");
        assert!(ran.status == 0 || ran.status == 1, "{}\n{difference}", ran.err);
        let shown = difference.replay.shown.as_ref().unwrap_or_else(|| panic!("it is not shown: {difference}"));
        let line = ran.out.lines().nth(shown.action - 1).unwrap_or_default();
        assert!(line.contains(&told(shown.did)), "{line} is not {:?}\n{}\n{difference}", shown.did, ran.out);
    }
}

#[cfg(unix)]
#[test]
fn what_is_printed_runs_in_a_shell() {
    let insist = assert_cmd::cargo::cargo_bin("insist");
    let folders = [insist.parent().unwrap().to_path_buf()];
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&others))).unwrap();
    for difference in differences() {
        let text = difference.to_string();
        let (_, script) = text.split_once("in a shell:\n").expect("it says what to run");
        let (script, _) =
            script.split_once("\nits timeline differs too, by action ").expect("it says what will be seen");
        let folder = tempfile::tempdir().unwrap();
        let mut shell = assert_cmd::Command::new("sh");
        let output = shell.args(["-c", script]).current_dir(folder.path()).env("PATH", &path).output().unwrap();
        let ran = ran(output);
        assert!(ran.status == 0 || ran.status == 1, "{}\n{text}", ran.err);
        assert!(ran.out.contains("send attempt 1"), "{}\n{text}", ran.out);
    }
}
