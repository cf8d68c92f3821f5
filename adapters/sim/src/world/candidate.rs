//! A policy under trial, with the gates that its calls share.

use std::fmt;

use insist_core::{Backoff, Gate, Policy, Shape};

use super::WorldError;

/// A policy under trial: its name, its numbers, and what makes its gates. Its backoff may be one of your own.
pub struct Candidate<'a, B = Shape> {
    name: String,
    policy: Policy<B>,
    gate: Option<Box<dyn Fn() -> Box<dyn Gate + 'a> + 'a>>,
}

impl<B> fmt::Debug for Candidate<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, gate, .. } = self;
        f.debug_struct("Candidate").field("name", name).field("gate", &gate.is_some()).finish_non_exhaustive()
    }
}

/// The most lanes that a policy under trial may have.
pub(crate) const LANES: u8 = 16;

impl<'a, B: Backoff> Candidate<'a, B> {
    /// Makes a candidate without a gate.
    #[must_use]
    pub fn new(name: impl Into<String>, policy: Policy<B>) -> Self {
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
    pub const fn policy(&self) -> &Policy<B> {
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
