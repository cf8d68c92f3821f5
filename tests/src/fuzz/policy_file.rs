//! A policy from any text: an error that names something, or a policy that makes sense and can be written again.

use core::time::Duration;

use insist_core::duration::{Text, parse};
use insist_core::{Action, Call, Instant, Policy, Reason};
use serde_json::Value;

use super::plan::Words;
use crate::world::ROOM;

/// The first byte of fields that are made up; no text begins with it.
const MADE_UP: u8 = 0xff;

const FIELDS: [&str; 25] = [
    "backoff",
    "base",
    "factor",
    "delays",
    "at_end",
    "cap",
    "cap_stops",
    "floor",
    "jitter",
    "attempts",
    "lane_attempts",
    "lanes",
    "hedge_after",
    "hedge_on_failure",
    "attempt_timeout",
    "deadline",
    "hint_limit",
    "ignore_hints",
    "hint_spread",
    "restart_after_hint",
    "separate_targets",
    "unsent_attempts",
    "throttled_base",
    "preset",
    "tries",
];

/// Reads a policy as TOML and as JSON, from text or from fields that are made up.
///
/// # Panics
///
/// If the two differ over the same fields, or a policy that was read is invalid, does what it must not, or is written
/// otherwise than it is read.
pub fn policy_file(bytes: &[u8]) {
    if let Some((&MADE_UP, rest)) = bytes.split_first() {
        let fields = Words::new(rest).fields();
        let (toml, json) = (written_as_toml(&fields), written_as_json(&fields));
        let policies = (from_toml(&toml), from_json(&json));
        assert_eq!(policies.0, policies.1, "{toml}");
        return;
    }
    let _ = serde_json::from_slice::<Policy>(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (from_toml(text), from_json(text));
    match parse(text) {
        Ok(span) => assert_eq!(parse(&Text(span).to_string()), Ok(span), "{text}"),
        Err(error) => assert!(error.to_string().starts_with("a duration "), "{text}: {error}"),
    }
}

/// Names and values, as JSON and TOML both write them.
type Fields = Vec<(String, String)>;

fn written_as_toml(fields: &Fields) -> String {
    fields.iter().map(|(name, value)| format!("{name} = {value}\n")).collect()
}

fn written_as_json(fields: &Fields) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn from_toml(text: &str) -> Option<Policy> {
    match toml::from_str(text) {
        Ok(policy) => Some(sound(policy)),
        Err(error) => {
            let place = error.span().unwrap_or(0..0);
            assert!(text.get(place).is_some(), "{text:?}: {error} lies outside");
            assert!(!error.message().is_empty(), "{text:?}");
            None
        }
    }
}

fn from_json(text: &str) -> Option<Policy> {
    match serde_json::from_str(text) {
        Ok(policy) => Some(sound(policy)),
        Err(error) if error.is_data() => {
            let message = error.to_string();
            let is_named = FIELDS.iter().any(|field| message.contains(field)) || message.contains("expected");
            assert!(is_named, "{text}: {message}");
            None
        }
        Err(_) => None,
    }
}

/// The policy, which makes sense.
fn sound(policy: Policy) -> Policy {
    assert_eq!(policy.validate(), Ok(()), "{policy:?}");

    let json = serde_json::to_string(&policy).expect("it has no odd keys");
    assert_eq!(serde_json::from_str(&json).ok(), Some(policy), "{json}");
    let fields = serde_json::from_str::<serde_json::Map<String, Value>>(&json).expect("it is flat");
    let toml = written_as_toml(&fields.into_iter().map(|(name, value)| (name, value.to_string())).collect());
    assert_eq!(toml::from_str(&toml).ok(), Some(policy), "{toml}");

    let cap = policy.get_cap().unwrap_or(Duration::MAX);
    for delay in policy.delays(7).take(40) {
        assert!((policy.get_floor()..=cap).contains(&delay), "law 8: {delay:?} of {policy:?}");
        assert!(delay < cap || !policy.get_cap_stops(), "{delay:?} reaches the cap of {policy:?}");
    }

    let mut call = Call::with_lanes::<ROOM>(&policy, &(), Instant::ZERO, 7);
    match call.poll(Instant::ZERO) {
        Action::Send(attempt) => assert!(attempt.id == 1 && usize::from(policy.get_lanes()) <= ROOM),
        Action::GiveUp(stop) => {
            assert_eq!(stop.reason(), Reason::Invalid);
            assert!(usize::from(policy.get_lanes()) > ROOM, "{policy:?}");
        }
        other => panic!("{other}, and nothing was sent: {policy:?}"),
    }
    policy
}

impl Words<'_> {
    fn fields(&mut self) -> Fields {
        let mut fields = Fields::new();
        while !self.is_empty() && fields.len() < 24 {
            let field = self.pick(&FIELDS);
            // Mostly a value of its own kind, so that most files can be read.
            let value = if self.is_rare(32) { self.value(field) } else { self.fitting(field) };
            fields.push((field.into(), value));
        }
        fields
    }

    fn fitting(&mut self, field: &str) -> String {
        match field {
            "backoff" => {
                self.word(&["exponential", "zero", "stop", "constant", "linear", "fibonacci", "decorrelated", "list"])
            }
            "preset" => self.word(&["pester", "elastic", "cenkalti", "grpc", "grpc-hedging", "aws"]),
            "at_end" => self.word(&["stop", "repeat"]),
            "cap_stops" | "hedge_on_failure" | "ignore_hints" | "restart_after_hint" | "separate_targets" => {
                (self.byte() % 2 == 0).to_string()
            }
            "factor" | "hint_spread" => self.float(),
            "jitter" if self.is_rare(128) => self.float(),
            "jitter" => self.word(&["none", "full", "equal"]),
            "attempts" | "lane_attempts" if self.is_rare(64) => self.word(&["unlimited"]),
            "attempts" | "lane_attempts" | "lanes" | "unsent_attempts" => self.byte().to_string(),
            "cap" | "attempt_timeout" | "deadline" | "hint_limit" if self.is_rare(64) => self.word(&["none"]),
            "delays" => {
                let length = self.below(40);
                let delays: Vec<_> = (0..length).map(|_| self.span_text()).collect();
                format!("[{}]", delays.join(","))
            }
            _ => self.span_text(),
        }
    }

    fn value(&mut self, field: &str) -> String {
        match self.below(8) {
            0 => self.number::<i64>().to_string(),
            1 => self.float(),
            2 => "true".into(),
            3 => "[]".into(),
            4 => "{}".into(),
            5 => {
                let bytes = self.bytes(16);
                let text: String = bytes.iter().map(|byte| char::from(b' ' + byte % 95)).collect();
                Value::String(text).to_string()
            }
            6 => self.fitting("delays"),
            _ => {
                let other = self.pick(&FIELDS);
                if other == field { "0".into() } else { self.fitting(other) }
            }
        }
    }

    fn word(&mut self, words: &[&str]) -> String {
        format!("\"{}\"", self.pick(words))
    }

    fn float(&mut self) -> String {
        let float = match self.below(4) {
            0 => self.pick(&[2.0, 1.5, 1.0, 0.5, 0.0, 3.0, 1e18, 1e19, -1.0]),
            1 => f64::from(self.number::<u16>()) / 1000.0,
            2 => f64::from(self.number::<u32>()) / f64::from(u32::MAX),
            _ => f64::from_bits(self.number()),
        };
        if float.is_finite() { format!("{float:?}") } else { "1".into() }
    }

    fn span_text(&mut self) -> String {
        let (number, unit) = (self.span(), self.pick(&["ns", "ms", "s", "us", "m", "h", "d", "µs"]));
        match self.below(8) {
            0 => "0".into(),
            1 => format!("\"{}{unit}{}ms\"", number % 100, self.byte()),
            2 => format!("\"{}.{}{unit}\"", number % 1000, self.byte()),
            3 => format!("\"{number}{unit}\""),
            _ => format!("\"{}\"", Text(Duration::from_nanos(number))),
        }
    }
}
