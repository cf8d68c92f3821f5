//! A policy under trial, with the gates that its calls share.

use std::fmt;

use insist_core::{Gate, Policy};

use super::WorldError;

/// A policy under trial: its name, its numbers, and what makes its gates.
pub struct Candidate<'a> {
    name: String,
    policy: Policy,
    gate: Option<Box<dyn Fn() -> Box<dyn Gate + 'a> + 'a>>,
}

impl fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, policy, gate } = self;
        f.debug_struct("Candidate").field("name", name).field("policy", policy).field("gate", &gate.is_some()).finish()
    }
}

/// The most lanes that a policy under trial may have.
pub(crate) const LANES: u8 = 16;

impl<'a> Candidate<'a> {
    /// Makes a candidate without a gate.
    #[must_use]
    pub fn new(name: impl Into<String>, policy: Policy) -> Self {
        Self { name: name.into(), policy, gate: None }
    }

    /// Sets what makes its gate: once a run, or once a client where each client has its own.
    #[must_use]
    pub fn gate<G: Gate + 'a>(mut self, make: impl Fn() -> G + 'a) -> Self {
        self.gate = Some(Box::new(move || Box::new(make())));
        self
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns whether its calls share a gate.
    #[must_use]
    pub const fn has_gate(&self) -> bool {
        self.gate.is_some()
    }

    pub(crate) fn make_gate(&self) -> Box<dyn Gate + 'a> {
        self.gate.as_ref().map_or_else(|| Box::new(()) as Box<dyn Gate>, |make| make())
    }

    pub(super) fn validate(&self) -> Result<(), WorldError> {
        if self.policy.get_lanes() > LANES {
            return Err(WorldError::Lanes(self.policy.get_lanes()));
        }
        self.policy.validate().map_err(WorldError::Policy)
    }
}
