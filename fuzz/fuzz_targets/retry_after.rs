//! The body is `insist_tests::fuzz::retry_after`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| insist_tests::fuzz::retry_after(bytes));
