//! The body is `insist_tests::fuzz::machine`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| insist_tests::fuzz::machine(bytes));
