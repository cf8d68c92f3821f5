//! What the machine promises: the laws by their numbers, whole timelines in a text file, and states that are put away
//! and taken up again.
//!
//! `INSIST_CASES=20` runs twenty times as many random calls, `INSIST_SEED=7` runs others.

mod golden;
mod laws;
mod resume;
