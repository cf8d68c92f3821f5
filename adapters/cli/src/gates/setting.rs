//! What makes settings those of a gate.

use insist_core::duration::Text;
use insist_core::{Gate, Instant};
use serde::de::DeserializeOwned;

use crate::span::Span;

/// The settings of one kind of gate, as a file has them. Fields that are left out have the defaults of the gate.
pub(super) trait Setting: Clone + PartialEq + DeserializeOwned + Send + Sync + 'static {
    /// The gate that is made of them.
    type Gate: Gate + Send + Sync + 'static;

    /// The field that the short form gives.
    const SHORT: &'static str;
    /// Says what the short form has to be, for an error: `a number from 0.001 to 10`.
    const RIGHT: &'static str;
    /// The name of the option's value.
    const VALUE: &'static str;
    /// The line of the option in the help.
    const HELP: &'static str;
    /// Adds to the long help.
    const MORE: &'static str;

    /// Says in a sentence what makes no sense.
    fn check(&self) -> Result<(), String>;

    /// Makes the gate. The number seeds its dice, if it has any.
    fn make(&self, number: u64) -> Self::Gate;

    /// Says in a sentence what the gate does.
    fn told(&self) -> String;

    /// Returns the short form, for a line about a policy.
    fn brief(&self) -> String;

    /// Returns the present state of a gate, with its name.
    fn state(gate: &Self::Gate, now: Instant) -> String;
}

/// Says what becomes of attempts for which there is no room.
pub(super) fn others_wait(ask_again: Span) -> String {
    match ask_again.0 {
        again if again.is_zero() => "others are refused".into(),
        again => format!("others wait, and ask again every {}", Text(again)),
    }
}
