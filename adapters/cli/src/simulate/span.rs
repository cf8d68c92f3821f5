//! Distributions in files: `"150ms"`, `{ exponential = "3ms" }`, `{ p50 = "2ms", p99 = "40ms" }`.

use std::fmt;

use insist_core::duration::parse;
use insist_sim::Times;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::span::Span;

/// Returns text of a file as it can be shown: without control characters, and cut.
pub(super) fn shown(text: &str, most: usize) -> String {
    text.chars().map(|one| if one.is_control() { '\u{fffd}' } else { one }).take(most).collect()
}

/// A distribution.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Distribution(pub(super) Times);

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape)
    }
}

/// A part of a mix: `{ share = 0.99, of = "5ms" }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    share: f64,
    of: Distribution,
}

struct Shape;

const SHAPES: &str = "constant, uniform, exponential, normal, log_normal, list, mix, or quantiles such as p50 and p99";

impl<'de> Visitor<'de> for Shape {
    type Value = Distribution;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration, or a table with one of ")?;
        f.write_str(SHAPES)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Distribution, E> {
        parse(text).map(|span| Distribution(Times::Constant(span))).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Distribution, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Distribution, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(A::Error::custom(format_args!("a table with one of {SHAPES} is needed")));
        };
        let pair = |[one, other]: [Span; 2]| (one.0, other.0);
        let times = match key.as_str() {
            "constant" => Times::Constant(map.next_value::<Span>()?.0),
            "exponential" => Times::Exponential(map.next_value::<Span>()?.0),
            "uniform" => {
                let (low, high) = pair(map.next_value()?);
                Times::Uniform(low, high)
            }
            "normal" => {
                let (mean, deviation) = pair(map.next_value()?);
                Times::Normal(mean, deviation)
            }
            "log_normal" => {
                let (median, high) = pair(map.next_value()?);
                Times::LogNormal(median, high)
            }
            "list" => Times::List(map.next_value::<Vec<Span>>()?.into_iter().map(|span| span.0).collect()),
            "mix" => {
                Times::Mix(map.next_value::<Vec<Part>>()?.into_iter().map(|part| (part.share, part.of.0)).collect())
            }
            _ => return quantiles(&key, map),
        };
        match map.next_key::<String>()? {
            None => Ok(Distribution(times)),
            Some(other) => Err(A::Error::custom(format_args!("{other} beside {key}; one of them is needed"))),
        }
    }
}

fn quantiles<'de, A: MapAccess<'de>>(first: &str, mut map: A) -> Result<Distribution, A::Error> {
    let mut pairs = vec![(share(first)?, map.next_value::<Span>()?.0)];
    while let Some(key) = map.next_key::<String>()? {
        pairs.push((share(&key)?, map.next_value::<Span>()?.0));
    }
    pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
    Times::quantiles(&pairs).map(Distribution).map_err(A::Error::custom)
}

/// Reads `p99.9` as 0.999.
fn share<E: Error>(key: &str) -> Result<f64, E> {
    let percent: Option<f64> = key.strip_prefix('p').and_then(|number| number.parse().ok());
    let share = percent.filter(|percent| (0.0..=100.0).contains(percent)).map(|percent| percent / 100.0);
    share.ok_or_else(|| E::custom(format_args!("{key} is not known; a table with one of {SHAPES} is needed")))
}
