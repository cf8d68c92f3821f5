//! Suspend and resume: states as bytes and JSON, what fits which policy, how what is overdue is spread, what an
//! operator changes meanwhile, and a program that is killed again and again.

mod bytes;
mod fits;
#[cfg(unix)]
mod kills;
mod odd;
mod operator;
mod overdue;
mod sense;
