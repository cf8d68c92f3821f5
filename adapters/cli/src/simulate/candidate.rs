//! Policies under trial: presets and policy files with their gates, and the options that are laid over all.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use insist_core::Policy;
use insist_sim::Candidate;

use crate::exit::Failure;
use crate::gates::{GateOptions, Gates};
use crate::options::base::Base;
use crate::options::file;

/// A policy under trial, as plain data, so that each thread can make its own gates.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) policy: Policy,
    pub(super) gates: Gates,
}

impl Spec {
    /// Makes a policy without gates.
    pub(super) fn plain(name: &str, policy: Policy) -> Self {
        Self { name: name.into(), policy, gates: Gates::default() }
    }

    /// Reads a policy file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let Base { policy, gates, .. } = file::read(path)?;
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, policy, gates })
    }

    /// Makes the candidate.
    pub(super) fn candidate(&self) -> Candidate<'_> {
        let candidate = Candidate::new(self.name.clone(), self.policy);
        if !self.gates.are_for(&self.policy) {
            return candidate;
        }
        let number = Cell::new(0);
        candidate.gate(move || self.gates.live(&self.policy, number.replace(number.get() + 1)))
    }

    /// Lays limits over a policy that has none, so that presets without a timeout can be compared, and gates.
    pub(super) fn limited(
        mut self,
        attempt_timeout: Option<Duration>,
        deadline: Option<Duration>,
        gates: &GateOptions,
    ) -> Result<Self, Failure> {
        if let Some(timeout) = attempt_timeout {
            self.policy = self.policy.attempt_timeout(timeout);
        }
        if let Some(deadline) = deadline {
            self.policy = self.policy.deadline(deadline);
        }
        let gates = gates.over(&self.gates);
        self.gates = gates.map_err(|problem| Failure::Usage(format!("policy {}: {problem}", self.name)))?;
        Ok(self)
    }
}
