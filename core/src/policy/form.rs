//! A policy as files and messages have it: flat, with words and durations that people write.
//!
//! What is left out has the default of the constructor, so a file says only what matters to it. What does not
//! belong to the backoff, or is not known, is an error that names the field.

use core::fmt;
use core::time::Duration;

use alloc::borrow::Cow;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Policy;
use crate::backoff::{AtEnd, Factor, List, Shape};
use crate::duration::{Text, parse};
use crate::jitter::Jitter;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default)]
    backoff: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delays: Option<Vec<Span>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_end: Option<AtEnd>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cap: Option<Limit<Span>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cap_stops: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    floor: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jitter: Option<Jitter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempts: Option<Limit<u32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lane_attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lanes: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hedge_after: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hedge_on_failure: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt_timeout: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint_limit: Option<Limit<Span>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ignore_hints: Option<bool>,
}

/// The word of a built-in backoff.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Zero,
    Stop,
    Constant,
    Linear,
    #[default]
    Exponential,
    Fibonacci,
    Decorrelated,
    List,
}

/// A number, or the word for none.
enum Limit<T> {
    None,
    At(T),
}
