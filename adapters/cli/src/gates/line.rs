//! Gates on the command line: the short form, further fields after it (`0.1,reserve=5`), or `none`.

use toml::de::DeValue;
use toml::{Table, Value};

use super::asked::Asked;
use super::setting::Setting;

/// Says what an option says of a gate.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// There is none, also if the file has one.
    None,
    /// These fields, which may need others of a file.
    Fields(Table),
}

/// Reads the value of an option. A short form is checked at once, what follows it with the fields of a file.
pub(super) fn said<T: Setting>(text: &str) -> Result<Said, String> {
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
    Ok(Said::Fields(fields))
}

/// Lays an option over the gate of a file, field by field; an error begins with the option.
pub(super) fn over<T: Setting>(
    name: &str,
    said: Option<&Said>,
    file: Option<&Asked<T>>,
) -> Result<Option<Asked<T>>, String> {
    match said {
        None => Ok(file.cloned()),
        Some(Said::None) => Ok(None),
        Some(Said::Fields(fields)) => {
            let asked = file.map_or_else(|| Asked::new(fields.clone()), |file| file.with(fields));
            asked.map(Some).map_err(|problem| format!("--{}: {problem}", name.replace('_', "-")))
        }
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
