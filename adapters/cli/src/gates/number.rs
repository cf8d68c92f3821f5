//! Whole numbers of a file, whose errors are told in words.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads a whole number of 32 bits.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    from.deserialize_any(UpTo(u32::MAX))
}

/// Reads a whole number of 8 bits.
pub(super) fn small<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    from.deserialize_any(UpTo(u8::MAX.into())).map(|number| number as u8)
}

struct UpTo(u32);

impl Visitor<'_> for UpTo {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 0 to {}", self.0)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
        let fits = u32::try_from(number).ok().filter(|number| *number <= self.0);
        fits.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
    }
}
