//! Gates on the command line: the short form, further fields after it (`0.1,reserve=5`), or `none`.

use toml::de::DeValue;
use toml::{Table, Value};

use super::asked::Asked;
use super::setting::Setting;

/// What an option says of a gate.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said<T> {
    /// There is none, also if the file has one.
    None,
    Some(Asked<T>),
}

/// Reads the value of an option.
pub(super) fn said<T: Setting>(text: &str) -> Result<Said<T>, String> {
    if text == "none" {
        return Ok(Said::None);
    }
    let mut parts = text.split(',').peekable();
    let mut fields = Table::new();
    if let Some(short) = parts.next_if(|part| !part.contains('=')) {
        fields.insert(T::SHORT.into(), value(short));
        Asked::<T>::new(fields.clone()).map_err(|_| format!("{} is needed", T::RIGHT))?;
    }
    for part in parts {
        let (field, text) =
            part.split_once('=').ok_or(format!("{part:?} is no FIELD=VALUE, which follows after a comma"))?;
        if fields.insert(field.trim().into(), value(text.trim())).is_some() {
            return Err(format!("{} is there twice; leave one out", field.trim()));
        }
    }
    Asked::new(fields).map(Said::Some)
}

/// Lays an option over the gate of a file.
pub(super) fn over<T: Setting>(said: Option<&Said<T>>, file: Option<&Asked<T>>) -> Result<Option<Asked<T>>, String> {
    match (said, file) {
        (None, file) => Ok(file.cloned()),
        (Some(Said::None), _) => Ok(None),
        (Some(Said::Some(asked)), None) => Ok(Some(asked.clone())),
        (Some(Said::Some(asked)), Some(file)) => asked.over(file).map(Some),
    }
}

/// Returns a number or a truth value as such, and everything else as text: in a shell, quotes are a burden.
fn value(text: &str) -> Value {
    let text_of = || Value::String(text.to_owned());
    let Ok(value) = DeValue::parse(text) else { return text_of() };
    match value.get_ref() {
        DeValue::Integer(number) => number.as_str().parse().map_or_else(|_| text_of(), Value::Integer),
        DeValue::Float(number) => number.as_str().parse().map_or_else(|_| text_of(), Value::Float),
        DeValue::Boolean(yes) => Value::Boolean(*yes),
        _ => text_of(),
    }
}
