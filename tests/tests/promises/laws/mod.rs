//! The laws of `docs/laws.md`, by their numbers: each as a property of random calls, in directed cases, and with a
//! record written by hand that breaks it. Every random call is held against every law, and against the model.

mod draws;
mod ends;
mod gates;
mod numbers;
mod refusals;
mod sends;
mod times;
mod waits;

use insist_tests::laws::Law;
use insist_tests::record::Record;

/// That a law's reader sees what is wrong with a record, and says so in these words.
fn sees(law: Law, record: &Record, words: &str) {
    let broken = law(record).expect_err("the record breaks the law");
    assert!(broken.why.contains(words), "{broken}");
}
