//! A timer for calls in madsim's simulations, as a user of madsim writes it.

#![forbid(unsafe_code)]

#[cfg(not(madsim))]
compile_error!(
    "madsim simulates with `--cfg madsim` alone: run `cargo xtask madsim`, or cargo in the folder tests/madsim"
);

#[cfg(madsim)]
mod timer;
#[cfg(madsim)]
pub use timer::MadsimTimer;
