//! The policy that the options are laid over: a preset, or a policy file.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use insist_core::Policy;

use crate::describe::Described;
use crate::gates::Gates;

/// A policy, its gates and its origin.
pub(crate) struct Base {
    pub(crate) policy: Policy,
    pub(crate) gates: Gates,
    /// The origin as it stands on the command line: `--preset aws`.
    pub(crate) name: String,
}

/// A preset, by its index among all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preset(usize);

impl Preset {
    /// Returns its name.
    pub(crate) fn name(self) -> &'static str {
        Policy::PRESETS[self.0].0
    }

    /// Returns its policy.
    pub(crate) fn policy(self) -> Policy {
        Policy::PRESETS[self.0].1
    }

    pub(super) fn base(self) -> Base {
        let (name, policy) = Policy::PRESETS[self.0];
        Base { policy, gates: Gates::default(), name: format!("--preset {name}") }
    }
}

/// Reads the name of a preset; the long help describes each.
pub(crate) fn preset() -> impl TypedValueParser<Value = Preset> {
    let values =
        Policy::PRESETS.iter().map(|(name, policy)| PossibleValue::new(*name).help(Described(policy).to_string()));
    PossibleValuesParser::new(values)
        .map(|text| Preset(Policy::PRESETS.iter().position(|(name, _)| *name == text).unwrap_or_default()))
}
