//! Gates in a policy file: their fields are taken out of its table, and what is wrong with one is told with its place.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Table};

use super::Gates;
use super::asked::Asked;
use super::setting::Setting;

/// A value, and its place in the text.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// Says what is wrong with a gate of a file.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Its place in the text.
    pub(crate) place: Range<usize>,
    /// The field: `budget`, or one of its table, `budget.reserve`.
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Gates {
    /// Takes the gates out of the table of a policy file.
    pub(crate) fn take(table: &mut DeTable<'_>) -> Result<Self, Wrong> {
        let mut gates = Self::default();
        for name in Self::NAMES {
            if let Some(value) = table.remove(*name) {
                gates.read(name, value)?;
            }
        }
        Ok(gates)
    }
}

/// Reads a gate; `None` if it says that there is none.
pub(super) fn read<T: Setting>(name: &str, value: Value<'_>) -> Result<Option<Asked<T>>, Wrong> {
    let place = value.span();
    let wrong = |place: Range<usize>, field: String, message: String| Wrong { place, field, message };
    let (value, is_short) = match value.get_ref() {
        DeValue::String(text) if text == "none" => return Ok(None),
        DeValue::Table(_) => (value, false),
        _ => (short::<T>(value), true),
    };
    let fields = fields(&value);
    let field_at = |span: &Range<usize>| {
        let holds = |(_, place): &&(String, Range<usize>)| place.start <= span.start && span.end <= place.end;
        fields.iter().find(holds).map_or_else(|| name.to_owned(), |(field, _)| format!("{name}.{field}"))
    };
    // The first pass finds the place of what has a wrong type, the second keeps the fields that were said.
    if let Err(error) = T::deserialize(ValueDeserializer::from(value.clone())) {
        if is_short {
            return Err(wrong(place, name.to_owned(), format!("{}, or a table is needed", T::RIGHT)));
        }
        let place = error.span().unwrap_or(place);
        return Err(wrong(place.clone(), field_at(&place), error.message().to_owned()));
    }
    let said = Table::deserialize(ValueDeserializer::from(value));
    let asked = said.map_err(|error| error.message().to_owned()).and_then(Asked::new);
    asked.map(Some).map_err(|message| {
        // A sentence about a field names it.
        let named = fields.iter().find(|(field, _)| !is_short && message.split(' ').any(|word| word == field));
        wrong(named.map_or(place, |(_, place)| place.clone()), name.to_owned(), message)
    })
}

/// Makes a table of the short form.
fn short<'a, T: Setting>(value: Value<'a>) -> Value<'a> {
    let place = value.span();
    let mut table = DeTable::new();
    table.insert(Spanned::new(place.clone(), Cow::Borrowed(T::SHORT)), value);
    Spanned::new(place, DeValue::Table(table))
}

/// Returns the fields of a table, with their places, values included.
fn fields(value: &Value<'_>) -> Vec<(String, Range<usize>)> {
    let table = value.get_ref().as_table().into_iter().flatten();
    table.map(|(key, value)| (key.get_ref().to_string(), key.span().start..value.span().end)).collect()
}
