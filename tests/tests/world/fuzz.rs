//! The bodies of the fuzz targets over the committed seeds, what a fixed number makes of them, and random bytes.
//!
//! `INSIST_CASES=20` makes twenty times as many, `INSIST_SEED=7` others. A crash that cargo-fuzz finds is put into
//! `fuzz/seeds` under the name of its target, and is then tried in every run.

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

use insist_tests::fuzz::{self, Target};
use insist_tests::words::set;

/// The longest random input. What matters lies in the first few hundred bytes.
const LONGEST: usize = 400;

/// The committed inputs, by name.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).expect("it can be read")).collect()
}

fn random_bytes(random: &mut fastrand::Rng) -> Vec<u8> {
    let length = random.usize(..LONGEST);
    // Small numbers pick the first cases, so that every other input is made of them.
    let largest = if random.bool() { u8::MAX } else { 31 };
    (0..length).map(|_| random.u8(..=largest)).collect()
}

/// A few bytes are others, gone, there twice, or those of another input.
fn mutate(random: &mut fastrand::Rng, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=bytes.len());
        let end = random.usize(at..=bytes.len().min(at + 8));
        match random.u8(..6) {
            0 | 1 if at < bytes.len() => bytes[at] = random.u8(..),
            2 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            3 => _ = bytes.drain(at..end),
            4 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
            _ => {
                let from = random.usize(..=other.len());
                let piece = other[from..other.len().min(from + 16)].to_vec();
                bytes.splice(at..end, piece).for_each(drop);
            }
        }
    }
    bytes
}

fn run(name: &str, cases: u64) {
    let (_, target): (_, Target) = *fuzz::TARGETS.iter().find(|(other, _)| *other == name).expect("there is one");
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let mut random = fastrand::Rng::with_seed(set("INSIST_SEED").unwrap_or(0));
    let hold = |bytes: &[u8]| {
        let held = catch_unwind(|| target(bytes));
        assert!(held.is_ok(), "{name} does not hold for {bytes:?}");
    };
    seeds.iter().for_each(|bytes| hold(bytes));
    for case in 0..cases * set("INSIST_CASES").unwrap_or(0).max(1) {
        let bytes = if case % 3 == 0 {
            random_bytes(&mut random)
        } else {
            let (one, other) = (random.choice(&seeds), random.choice(&seeds));
            mutate(&mut random, one.expect("there are some").clone(), other.expect("there are some"))
        };
        hold(&bytes);
    }
}

#[test]
fn a_machine_of_any_bytes_keeps_the_laws() {
    run("machine", 1200);
}

#[test]
fn a_call_that_is_resumed_from_any_bytes_keeps_the_laws() {
    run("resume", 6000);
}

#[test]
fn any_header_lines_ask_for_what_a_second_reading_says() {
    run("retry_after", 12_000);
}

#[test]
fn gates_do_what_their_models_do_through_any_operations() {
    run("gates", 30_000);
}

#[test]
fn any_text_is_a_policy_that_makes_sense_or_an_error_that_names_something() {
    run("policy_file", 9000);
}
