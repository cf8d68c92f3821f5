//! insist-futures has no runtime: what it depends on is listed here, and nothing else.

use std::collections::BTreeSet;
use std::process::Command;

fn tree(features: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("names");
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_string).collect()
}

#[test]
fn insist_futures_depends_on_no_runtime() {
    assert_eq!(
        tree("alloc").into_iter().collect::<Vec<_>>(),
        ["insist-core", "insist-futures", "pin-project-lite", "rand_core"]
    );
    let with_std = tree("std");
    assert!(with_std.len() <= 5, "{with_std:?}");
}
