//! The model shares no code with the core: from there it has plain types, and what a policy says of itself.

/// Plain types of the core: words and numbers without a rule in them.
const PLAIN: [&str; 24] = [
    "Admission",
    "AtEnd",
    "AttemptEnd",
    "CancelReason",
    "Cause",
    "Factor",
    "Failure",
    "Handled",
    "HedgeAfter",
    "Hint",
    "Instant",
    "Jitter",
    "Kind",
    "Policy",
    "Reason",
    "Refusal",
    "Repeat",
    "Sent",
    "Settled",
    "Shape",
    "StateError",
    "Verdict",
    "WaitReason",
    "self",
];

const SOURCES: [(&str, &str); 10] = [
    ("model", include_str!("../../src/model/mod.rs")),
    ("due", include_str!("../../src/model/due.rs")),
    ("history", include_str!("../../src/model/history.rs")),
    ("judge", include_str!("../../src/model/judge.rs")),
    ("kept", include_str!("../../src/model/kept.rs")),
    ("operator", include_str!("../../src/model/operator.rs")),
    ("sense", include_str!("../../src/model/sense.rs")),
    ("tape", include_str!("../../src/model/tape.rs")),
    ("withdraw", include_str!("../../src/model/withdraw.rs")),
    ("expected", include_str!("../../src/expected.rs")),
];

/// What follows each place where these words stand.
fn after<'a>(source: &'a str, words: &'a str) -> impl Iterator<Item = &'a str> {
    source.match_indices(words).map(move |(at, _)| &source[at + words.len()..])
}

#[test]
fn the_model_shares_no_code_with_the_core() {
    for (name, source) in SOURCES {
        let mut names: Vec<&str> = Vec::new();
        for named in after(source, "insist_core::") {
            match named.strip_prefix('{').and_then(|list| list.split_once('}')) {
                Some((list, _)) => names.extend(list.split(',').map(str::trim)),
                None => names.extend(named.split(|letter: char| !letter.is_alphanumeric()).next()),
            }
        }
        for used in names {
            assert!(PLAIN.contains(&used) || used.is_empty(), "{name}.rs uses insist_core::{used}");
        }
        // Getters alone: what follows from the numbers of a policy is worked out anew.
        for asked in after(source, "policy.") {
            assert!(asked.starts_with("get_"), "{name}.rs asks a policy for {asked:.20}");
        }
    }
}
