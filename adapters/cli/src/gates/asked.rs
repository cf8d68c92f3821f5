//! A gate that is asked for: the fields that were said, and the settings that come of them.

use toml::{Table, Value};

use super::setting::Setting;

/// The settings of a gate, with the fields that were said, so that others can be laid over them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked<T> {
    said: Table,
    pub(super) setting: T,
}

impl<T: Setting> Asked<T> {
    /// Makes the settings of fields; an error is a sentence.
    pub(super) fn new(said: Table) -> Result<Self, String> {
        let setting: T = T::deserialize(Value::Table(said.clone())).map_err(|error| error.message().to_owned())?;
        setting.check()?;
        Ok(Self { said, setting })
    }

    /// Lays further fields over its own.
    pub(super) fn with(&self, fields: &Table) -> Result<Self, String> {
        let mut said = self.said.clone();
        said.extend(fields.clone());
        Self::new(said)
    }
}
