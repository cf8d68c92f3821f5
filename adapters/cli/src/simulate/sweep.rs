//! `--sweep`: each policy with values of one field, to see what it trades for what.

use std::str::FromStr;
use std::time::Duration;

use insist_core::Policy;
use insist_core::duration::{Text, parse};

use super::candidate::Spec;
use crate::exit::Failure;
use crate::gates::Gates;
use crate::options::value::{HedgeDelay, hedge_delay};

/// A field, and the values to try.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sweep {
    field: Field,
    values: Values,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    HedgeAfter,
    AttemptTimeout,
    Deadline,
    Base,
    Cap,
    Attempts,
    Lanes,
    /// By the name of its option.
    Gate(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
enum Values {
    Spans(Vec<Duration>),
    /// `None` opens no second lane.
    Delays(Vec<Option<HedgeDelay>>),
    Counts(Vec<u8>),
    /// Gives an option of a gate each of these texts.
    Texts(Vec<String>),
}

const FIELDS: [(&str, Field); 7] = [
    ("hedge-after", Field::HedgeAfter),
    ("attempt-timeout", Field::AttemptTimeout),
    ("deadline", Field::Deadline),
    ("base", Field::Base),
    ("cap", Field::Cap),
    ("attempts", Field::Attempts),
    ("lanes", Field::Lanes),
];

fn fields() -> impl Iterator<Item = (String, Field)> {
    let gates = Gates::NAMES.iter().map(|name| (name.replace('_', "-"), Field::Gate(name)));
    FIELDS.iter().map(|(word, field)| ((*word).to_owned(), *field)).chain(gates)
}

/// The values of a range.
const POINTS: u32 = 8;

impl FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, range)) = text.split_once('=') else {
            return Err(format!("FIELD=FROM..TO is needed, as in hedge-after=1ms..50ms; {text:?} has no ="));
        };
        let Some((_, field)) = fields().find(|(word, _)| word == name) else {
            let names: Vec<String> = fields().map(|(word, _)| word).collect();
            return Err(format!("{name:?} cannot be swept; one of {} is needed", names.join(", ")));
        };
        let values = match field {
            Field::Attempts | Field::Lanes => Values::Counts(values(range, count, |low, high| (low..=high).collect())?),
            Field::HedgeAfter if !range.contains("..") => Values::Delays(list(range, delay)?),
            Field::Gate(name) => Values::Texts(gate_values(name, range)?),
            _ => Values::Spans(values(range, span, |low, high| {
                let all = spread(low.as_secs_f64(), high.as_secs_f64());
                all.into_iter().map(rounded).collect()
            })?),
        };
        Ok(Self { field, values })
    }
}

fn count(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or(format!("{text:?} is no number from 1 to 255"))
}

fn delay(text: &str) -> Result<Option<HedgeDelay>, String> {
    if text == "none" {
        return Ok(None);
    }
    hedge_delay(text).map(Some).map_err(|error| format!("{text:?}: {error}"))
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
    number.ok_or(format!("{text:?} is no number above 0, as a range has"))
}

fn span(text: &str) -> Result<Duration, String> {
    let span = parse(text).map_err(|error| format!("{text:?}: {error}"))?;
    if span.is_zero() { Err("0 cannot be swept; begin above it, as in 1ms..50ms".into()) } else { Ok(span) }
}

/// Reads `0.1..0.5`, or `none,10/s`, and tries each with the gate.
fn gate_values(name: &str, text: &str) -> Result<Vec<String>, String> {
    let tried = |texts: Vec<String>| {
        let wrong = |value: &String| Gates::default().lay(name, value).err().map(|error| format!("{value:?}: {error}"));
        texts.iter().find_map(wrong).map_or(Ok(texts), Err)
    };
    // A short form may have dots as well.
    if text.contains(',') || !text.contains("..") {
        return tried(text.split(',').map(|value| value.trim().to_owned()).collect());
    }
    let numbers = values(text, number, spread)?;
    let in_parts_of =
        |one: f64| tried(numbers.iter().map(|number| ((number * one).round() / one).to_string()).collect());
    // Some gates take whole numbers only.
    in_parts_of(1e3).or_else(|_| in_parts_of(1.0))
}

/// Reads `A..B` or `A,B,C`.
fn values<T: Copy + PartialOrd>(
    text: &str,
    read: impl Fn(&str) -> Result<T, String>,
    fill: impl Fn(T, T) -> Vec<T>,
) -> Result<Vec<T>, String> {
    match text.split_once("..") {
        Some((low, high)) => {
            let (low, high) = (read(low.trim())?, read(high.trim())?);
            if low < high { Ok(fill(low, high)) } else { Err(format!("{text:?} does not go up")) }
        }
        None => list(text, read),
    }
}

fn list<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(',').map(|value| read(value.trim())).collect()
}

fn spread(low: f64, high: f64) -> Vec<f64> {
    let step = |point: u32| low * (high / low).powf(f64::from(point) / f64::from(POINTS - 1));
    (0..POINTS).map(|point| if point == POINTS - 1 { high } else { step(point) }).collect()
}

/// Rounds to two digits, so that names stay short.
fn rounded(seconds: f64) -> Duration {
    let nanos = seconds * 1e9;
    let unit = 10_f64.powf(nanos.log10().floor() - 1.0).max(1.0);
    Duration::from_nanos(((nanos / unit).round() * unit) as u64)
}

impl Sweep {
    /// Returns each policy with each value.
    pub(super) fn over(&self, specs: &[Spec]) -> Result<Vec<Spec>, Failure> {
        specs.iter().flat_map(|spec| (0..self.len()).map(|index| self.put(spec, index))).collect()
    }

    /// Returns the field's name.
    pub(super) fn field(&self) -> String {
        fields().find(|(_, field)| *field == self.field).map_or_else(String::new, |(word, _)| word)
    }

    /// Returns how many values there are.
    pub(super) fn len(&self) -> usize {
        match &self.values {
            Values::Spans(spans) => spans.len(),
            Values::Delays(delays) => delays.len(),
            Values::Counts(counts) => counts.len(),
            Values::Texts(texts) => texts.len(),
        }
    }

    /// Returns a value as people write it.
    pub(super) fn value(&self, index: usize) -> String {
        match &self.values {
            Values::Spans(spans) => Text(spans[index]).to_string(),
            Values::Delays(delays) => match delays[index] {
                None => "none".into(),
                Some(HedgeDelay::Fixed(delay)) => Text(delay).to_string(),
                Some(HedgeDelay::At(percentile)) => percentile.to_string(),
            },
            Values::Counts(counts) => counts[index].to_string(),
            Values::Texts(texts) => texts[index].clone(),
        }
    }

    fn put(&self, spec: &Spec, index: usize) -> Result<Spec, Failure> {
        let mut spec = spec.clone();
        spec.name = format!("{} {}={}", spec.name, self.field(), self.value(index));
        let policy = spec.policy;
        match &self.values {
            Values::Spans(spans) => {
                let span = spans[index];
                spec.policy = match self.field {
                    Field::HedgeAfter => two_lanes(policy).hedge_after(span),
                    Field::AttemptTimeout => policy.attempt_timeout(span),
                    Field::Deadline => policy.deadline(span),
                    Field::Cap => policy.cap(span),
                    _ => policy.shape(with_base(*policy.get_backoff(), span)),
                };
            }
            Values::Delays(delays) => {
                spec.policy = match delays[index] {
                    None => policy.lanes(1),
                    Some(HedgeDelay::Fixed(delay)) => two_lanes(policy).hedge_after(delay),
                    Some(HedgeDelay::At(percentile)) => two_lanes(policy).hedge_at(percentile.get()),
                }
            }
            Values::Counts(counts) if self.field == Field::Lanes => spec.policy = policy.lanes(counts[index]),
            Values::Counts(counts) => spec.policy = policy.attempts(counts[index].into()),
            Values::Texts(texts) => {
                if let Field::Gate(name) = self.field {
                    let laid = spec.gates.lay(name, &texts[index]);
                    laid.map_err(|problem| Failure::Usage(format!("policy {}: {problem}", spec.name)))?;
                }
            }
        }
        Ok(spec)
    }
}

/// Returns the policy with two lanes at least: without a second one there is nothing to hedge with.
fn two_lanes(policy: Policy) -> Policy {
    policy.lanes(policy.get_lanes().max(2))
}

/// Returns the shape with another base; shapes without one become exponential.
fn with_base(shape: insist_core::Shape, base: Duration) -> insist_core::Shape {
    use insist_core::{Factor, Shape};
    match shape {
        Shape::Constant { .. } => Shape::Constant { base },
        Shape::Linear { .. } => Shape::Linear { base },
        Shape::Exponential { factor, .. } => Shape::Exponential { base, factor },
        Shape::Fibonacci { .. } => Shape::Fibonacci { base },
        Shape::Decorrelated { .. } => Shape::Decorrelated { base },
        _ => Shape::Exponential { base, factor: Factor::new(2.0) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_read() {
        let read = |text: &str| text.parse::<Sweep>().map(|sweep| sweep.values);
        let ms = Duration::from_millis;
        let Ok(Values::Spans(spans)) = read("hedge-after=1ms..50ms") else { panic!() };
        assert_eq!((spans.len(), spans[0], spans[7]), (8, ms(1), ms(50)));
        assert_eq!(read("attempts=2..4"), Ok(Values::Counts(vec![2, 3, 4])));
        assert_eq!(read("budget=0.1,0.2"), Ok(Values::Texts(vec!["0.1".into(), "0.2".into()])));
        assert_eq!(read("rate=none,10/s"), Ok(Values::Texts(vec!["none".into(), "10/s".into()])));
        let Ok(Values::Texts(rooms)) = read("bulkhead=1..128") else { panic!() };
        assert_eq!(rooms, ["1", "2", "4", "8", "16", "32", "64", "128"]);
        assert_eq!(read("budget=0.1,x").unwrap_err(), "\"x\": a number from 0.001 to 10 is needed");
        let Ok(Values::Delays(delays)) = read("hedge-after=none,5ms,p95") else { panic!() };
        assert_eq!(delays[..2], [None, Some(HedgeDelay::Fixed(ms(5)))]);
        assert!(matches!(delays[2], Some(HedgeDelay::At(_))) && read("hedge-after=p95..p99").is_err());
        assert!(read("jitter=1..2").unwrap_err().starts_with("\"jitter\" cannot be swept"));
        assert_eq!(read("cap=5ms..1ms").unwrap_err(), "\"5ms..1ms\" does not go up");
        assert!(read("cap=0..1ms").is_err() && read("cap").is_err() && read("lanes=0..2").is_err());
    }
}
