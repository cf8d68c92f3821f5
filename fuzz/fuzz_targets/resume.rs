//! The body is `insist_tests::fuzz::resume`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| insist_tests::fuzz::resume(bytes));
