//! The machine beside the model, action by action, over random policies, gates and events: ten million steps.
//!
//! `INSIST_CASES=20` takes twenty times as many, `INSIST_SEED=7` takes others. A difference is made small and printed
//! with what `insist replay` needs to show it.

mod alone;
mod coverage;
mod lockstep;
mod played;
mod wrong;
