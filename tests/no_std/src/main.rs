//! Proof that the core runs where there is no std, no allocator and no C library.
//!
//! Plays a whole hedged call, a retried one, one that gives up, a hedged one as a future, one from a function and one
//! that is kept as bytes, and exits with 0 only if every action was the expected one; else with the number of the play that went wrong. Linked with nothing but `core`.

#![no_std]
#![no_main]

mod awaits;
mod entry;
mod plays;

/// The exit status: 0, or the number of the first play that went wrong.
fn run() -> i32 {
    let plays = [plays::hedged, plays::retried, plays::gives_up, awaits::hedged, plays::played, plays::kept];
    let failed = plays.iter().position(|play| play().is_none());
    failed.map_or(0, |index| index as i32 + 1)
}
