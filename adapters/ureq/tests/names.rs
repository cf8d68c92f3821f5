//! What ureq exports beside what this crate exports: every name is here, or the documentation says why not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of ureq's sources, from cargo. What this test was built of is there, for this platform only.
fn ureq() -> PathBuf {
    let output = Command::new(Path::new(env!("CARGO")).with_file_name("rustc")).arg("-vV").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", host, "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ureq = packages.iter().find(|package| package["name"] == "ureq").unwrap();
    Path::new(ureq["manifest_path"].as_str().unwrap()).parent().unwrap().join("src")
}

fn read(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    // Tests come last in a file.
    text.split("#[cfg(test)]\n").next().unwrap().to_owned()
}

fn ours(path: &str) -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path))
}

/// The names that a file exports: its `pub use`, `pub fn`, `pub mod`, `pub struct`, `pub enum`, `pub trait`, `pub type`.
fn exports(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in text.split("\npub ").skip(1) {
        let item = item.split(['\n', '(', '<', '{', ';']).next().map_or(item, |head| &item[..head.len()]);
        match item.split_once(' ') {
            Some(("use", _)) => {}
            Some(("fn" | "mod" | "struct" | "enum" | "trait" | "type", name)) => {
                names.insert(name.trim().to_owned());
            }
            _ => {}
        }
    }
    for item in text.split("\npub use ").skip(1) {
        let item = item.split(';').next().unwrap();
        let list = match item.split_once('{') {
            Some((_, list)) => list.trim_end_matches('}'),
            None => item.rsplit("::").next().unwrap(),
        };
        names.extend(list.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
    }
    names
}

/// The public methods in a file.
fn methods(text: &str) -> BTreeSet<String> {
    text.split("\n    pub fn ").skip(1).map(|item| item.split(['(', '<']).next().unwrap().to_owned()).collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').collect()
}

#[test]
fn every_name_at_the_root_of_ureq_is_here() {
    let (theirs, ours) = (exports(&read(&ureq().join("lib.rs"))), exports(&ours("lib.rs")));
    assert!(theirs.len() > 30, "{theirs:?}");
    let missing: Vec<_> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_at_the_root_beside_ureqs_names_is_one_trait_and_one_module() {
    let (theirs, ours) = (exports(&read(&ureq().join("lib.rs"))), exports(&ours("lib.rs")));
    let added: Vec<_> = ours.difference(&theirs).map(String::as_str).collect();
    assert_eq!(added, ["Insist", "insisting"]);
}

#[test]
fn every_public_method_of_agents_and_configurations_is_here() {
    let theirs = methods(&read(&ureq().join("agent.rs")));
    assert!(theirs.contains("new_with_config") && theirs.contains("shutdown"), "{theirs:?}");
    let agent = ours("api/agent.rs");
    let missing: Vec<_> = theirs.iter().filter(|name| !words(&agent).contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");

    let theirs = read(&ureq().join("config.rs"));
    let (_, setters) = theirs.split_once("impl<Scope: private::ConfigScope> ConfigBuilder<Scope>").unwrap();
    let setters = methods(setters.split("\n}\n").next().unwrap());
    assert!(setters.len() > 25, "{setters:?}");
    let ours = ours("api/config/setters.rs") + &ours("api/config/builder.rs");
    let missing: Vec<_> = setters.iter().filter(|name| !words(&ours).contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_name_in_ureqs_config_module_is_here() {
    let (theirs, ours) = (exports(&read(&ureq().join("config.rs"))), exports(&ours("api/config/mod.rs")));
    assert!(theirs.contains("ConfigBuilder"), "{theirs:?}");
    let missing: Vec<_> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_feature_of_ureq_is_here_with_the_same_defaults() {
    let section = |manifest: &Path| -> Vec<(String, String)> {
        let text = std::fs::read_to_string(manifest).unwrap();
        let (_, features) = text.split_once("[features]\n").unwrap();
        let features = features.split("\n[").next().unwrap().replace("\n    ", "").replace(",\n]", "]");
        let pairs = features.lines().filter_map(|line| line.split_once(" = "));
        pairs.map(|(name, value)| (name.to_owned(), value.replace([' ', ','], ""))).collect()
    };
    let theirs = section(&ureq().parent().unwrap().join("Cargo.toml"));
    let ours = section(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    for (name, value) in theirs.iter().filter(|(name, _)| !name.starts_with('_')) {
        let Some((_, mine)) = ours.iter().find(|(other, _)| other == name) else { panic!("{name} is missing") };
        if name == "default" {
            assert_eq!(mine, value);
        } else {
            assert!(mine.contains(&format!("\"ureq/{name}\"")), "{name} = {mine}");
        }
    }
}
