//! Reads and writes the values of a policy's fields for serde.

use core::fmt;
use core::time::Duration;

use alloc::string::ToString;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Policy;
use crate::duration::{Text, parse};
use crate::jitter::Jitter;
use crate::percentile::Percentile;

/// A duration as people write it.
pub(super) struct Span(pub(super) Duration);

/// A duration, or `none`, which is kept as the longest.
pub(super) struct Limit(pub(super) Duration);

/// A duration, or a percentile as in `p95`.
pub(super) enum HedgeDelay {
    Fixed(Duration),
    At(Percentile),
}

/// A number, or `unlimited`, which is kept as the largest.
pub(super) struct Attempts(pub(super) u32);

/// A number of lanes.
pub(super) struct Lanes(pub(super) u8);

/// A preset, read by its name.
pub(super) struct Preset(pub(super) Policy);

const UNLIMITED: &str = "unlimited";
const NONE: &str = "none";

struct Word<T> {
    expected: &'static str,
    from_str: fn(&str) -> Option<T>,
    from_number: fn(f64) -> Option<T>,
}

impl<T> Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.from_str)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        (self.from_number)(number).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        (self.from_number)(number as f64).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        (self.from_number)(number as f64).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

const A_DURATION: &str = "a duration such as \"150ms\", \"1.5s\" or \"2m\"";

fn zero(number: f64) -> Option<Duration> {
    (number == 0.0).then_some(Duration::ZERO)
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Word {
            expected: A_DURATION,
            from_str: |text| parse(text).ok().map(Self),
            from_number: |number| zero(number).map(Self),
        })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Text(self.0).to_string())
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Word {
            expected: "a duration such as \"150ms\", \"1.5s\" or \"2m\", or \"none\"",
            from_str: |text| if text == NONE { Some(Duration::MAX) } else { parse(text).ok() }.map(Self),
            from_number: |number| zero(number).map(Self),
        })
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == Duration::MAX { serializer.serialize_str(NONE) } else { Span(self.0).serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for HedgeDelay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Word {
            expected: "a duration such as \"50ms\", or a percentile from \"p50\" to \"p99.9\"",
            from_str: |text| match Percentile::parse(text) {
                Some(percentile) => Some(Self::At(percentile)),
                None => parse(text).ok().map(Self::Fixed),
            },
            from_number: |number| zero(number).map(Self::Fixed),
        })
    }
}

impl Serialize for HedgeDelay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(delay) => Span(*delay).serialize(serializer),
            Self::At(percentile) => serializer.collect_str(percentile),
        }
    }
}

impl<'de> Deserialize<'de> for Preset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Word {
            expected: "\"pester\", \"elastic\", \"cenkalti\", \"grpc\", \"grpc-hedging\" or \"aws\"",
            from_str: |text| Policy::PRESETS.iter().find(|(name, _)| *name == text).map(|(_, policy)| Self(*policy)),
            from_number: |_| None,
        })
    }
}

impl<'de> Deserialize<'de> for Attempts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Word {
            expected: "a number of attempts, or \"unlimited\"",
            from_str: |text| (text == UNLIMITED).then_some(Self(u32::MAX)),
            from_number: |number| {
                let is_count = number >= 0.0 && number < f64::from(u32::MAX) && f64::from(number as u32) == number;
                is_count.then_some(Self(number as u32))
            },
        })
    }
}

impl<'de> Deserialize<'de> for Lanes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Word {
            expected: "a number of lanes from 1 to 255",
            from_str: |_| None,
            from_number: |number| (f64::from(number as u8) == number).then_some(Self(number as u8)),
        })
    }
}

impl Serialize for Lanes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl Serialize for Attempts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == u32::MAX { serializer.serialize_str(UNLIMITED) } else { serializer.serialize_u32(self.0) }
    }
}

/// Reads `none`, `full`, `equal`, or the fraction as a number.
impl<'de> Deserialize<'de> for Jitter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Word {
            expected: "\"none\", \"full\", \"equal\", or a fraction from 0 to 1",
            from_str: |text| match text {
                NONE => Some(Self::None),
                "full" => Some(Self::Full),
                "equal" => Some(Self::Equal),
                _ => None,
            },
            from_number: |number| (0.0..=1.0).contains(&number).then(|| Self::fraction(number)),
        })
    }
}

/// Writes `none`, `full`, `equal`, or the fraction as a number.
impl Serialize for Jitter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str(NONE),
            Self::Full => serializer.serialize_str("full"),
            Self::Equal => serializer.serialize_str("equal"),
            Self::Fraction(fraction) => serializer.serialize_f64(fraction.get()),
        }
    }
}
