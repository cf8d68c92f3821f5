//! Reads and writes policies for files and messages: flat, with names and durations as people write them.
//!
//! What is left out has the default of the constructor, or of the preset that is named, so a file says only what
//! matters to it. What does not belong to the backoff, or is not known, is an error that names the field.

use core::time::Duration;

use alloc::vec::Vec;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Policy;
use super::values::{Attempts, HedgeDelay, Lanes, Limit, Preset, Span};
use crate::backoff::{AtEnd, List, Shape};
use crate::jitter::Jitter;

/// The default base of a backoff.
const BASE: Duration = Duration::from_millis(100);

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Form {
    #[serde(skip_serializing)]
    preset: Option<Preset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throttled_base: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delays: Option<Vec<Span>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_end: Option<AtEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap_stops: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<Jitter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Attempts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane_attempts: Option<Attempts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsent_attempts: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lanes: Option<Lanes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hedge_after: Option<HedgeDelay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hedge_on_failure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt_timeout: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint_limit: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint_spread: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restart_after_hint: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_hints: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    separate_targets: Option<bool>,
}

/// The name of a built-in backoff.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Zero,
    Stop,
    Constant,
    Linear,
    Exponential,
    Fibonacci,
    Decorrelated,
    List,
}

impl Name {
    /// Returns the name of a shape, and its base.
    const fn of(shape: &Shape) -> (Self, Option<Duration>) {
        match shape {
            Shape::Zero => (Self::Zero, None),
            Shape::Stop => (Self::Stop, None),
            Shape::Constant { base } => (Self::Constant, Some(*base)),
            Shape::Linear { base } => (Self::Linear, Some(*base)),
            Shape::Exponential { base, .. } => (Self::Exponential, Some(*base)),
            Shape::Fibonacci { base } => (Self::Fibonacci, Some(*base)),
            Shape::Decorrelated { base } => (Self::Decorrelated, Some(*base)),
            Shape::List { .. } => (Self::List, None),
        }
    }
}

impl Form {
    fn policy(&self) -> Result<Policy, &'static str> {
        let mut policy = self.capped(self.shaped()?)?;
        if let Some(floor) = &self.floor {
            policy = policy.floor(floor.0);
        }
        if let Some(jitter) = &self.jitter {
            policy = policy.jitter(*jitter);
        }
        if let Some(base) = &self.throttled_base {
            policy = policy.throttled_base(base.0);
        }
        if let Some(attempts) = &self.attempts {
            policy = policy.attempts(attempts.0);
        }
        if let Some(attempts) = &self.lane_attempts {
            policy = policy.lane_attempts(attempts.0);
        }
        if let Some(attempts) = self.unsent_attempts {
            policy = policy.unsent_attempts(attempts);
        }
        if let Some(lanes) = &self.lanes {
            policy = policy.lanes(lanes.0);
        }
        if let Some(delay) = &self.hedge_after {
            policy = match delay {
                HedgeDelay::Fixed(delay) => policy.hedge_after(*delay),
                HedgeDelay::At(percentile) => policy.hedge_at(percentile.get()),
            };
        }
        if let Some(yes) = self.hedge_on_failure {
            policy = policy.hedge_on_failure(yes);
        }
        if let Some(limit) = &self.attempt_timeout {
            policy = policy.attempt_timeout(limit.0);
        }
        if let Some(limit) = &self.deadline {
            policy = policy.deadline(limit.0);
        }
        if let Some(limit) = &self.hint_limit {
            policy = policy.hint_limit(limit.0);
        }
        if let Some(share) = self.hint_spread {
            policy = policy.hint_spread(share);
        }
        if let Some(yes) = self.restart_after_hint {
            policy = policy.restart_after_hint(yes);
        }
        if let Some(yes) = self.separate_targets {
            policy = policy.separate_targets(yes);
        }
        Ok(if self.ignore_hints == Some(true) { policy.ignore_hints() } else { policy })
    }

    fn capped(&self, policy: Policy) -> Result<Policy, &'static str> {
        let of_preset = self.preset.as_ref().and_then(|_| policy.get_cap());
        let stops = self.cap_stops.unwrap_or(policy.get_cap_stops());
        match self.cap.as_ref().map(|cap| cap.0).or(of_preset) {
            None if self.cap_stops == Some(true) => Err("cap_stops is set without a cap; set cap too"),
            None => Ok(policy),
            // Without a cap nothing stops at it, unless `cap_stops` is given too.
            Some(Duration::MAX) if self.cap_stops.is_none() => Ok(policy.no_cap()),
            Some(cap) if stops => Ok(policy.cap_that_stops(cap)),
            Some(cap) => Ok(policy.cap(cap)),
        }
    }

    /// Makes the policy under the other fields: the preset, or the defaults of the shape.
    fn shaped(&self) -> Result<Policy, &'static str> {
        let (said, before) = match &self.preset {
            None => (Name::Exponential, None),
            Some(preset) => Name::of(preset.0.get_backoff()),
        };
        let name = self.backoff.unwrap_or(said);
        let has_base = !matches!(name, Name::Zero | Name::Stop | Name::List);
        if self.base.is_some() && !has_base {
            return Err("base is set, but this backoff has none; leave it out");
        }
        if self.factor.is_some() && name != Name::Exponential {
            return Err("factor is set, but only an exponential backoff has one; leave it out");
        }
        if name != Name::List && (self.delays.is_some() || self.at_end.is_some()) {
            return Err("delays and at_end belong to a list; set backoff to list, or leave them out");
        }
        let base = self.base.as_ref().map(|base| base.0).or(before).unwrap_or(BASE);
        let fresh = match name {
            Name::Zero => Policy::zero(),
            Name::Stop => Policy::stop(),
            Name::Constant => Policy::constant(base),
            Name::Linear => Policy::linear(base),
            Name::Exponential => match self.factor.or(self.preset_factor()) {
                Some(factor) => Policy::exponential(base).factor(factor),
                None => Policy::exponential(base),
            },
            Name::Fibonacci => Policy::fibonacci(base),
            Name::Decorrelated => Policy::decorrelated(base),
            Name::List => {
                let delays =
                    self.delays.as_ref().ok_or("delays is missing; backoff is a list, which needs at least 1")?;
                let delays: Vec<Duration> = delays.iter().map(|delay| delay.0).collect();
                Policy::list(List::new(&delays), self.at_end.unwrap_or_default())
            }
        };
        Ok(match &self.preset {
            None => fresh,
            Some(preset) => preset.0.shape(*fresh.get_backoff()),
        })
    }

    fn preset_factor(&self) -> Option<f64> {
        match self.preset.as_ref()?.0.get_backoff() {
            Shape::Exponential { factor, .. } => Some(factor.get()),
            _ => None,
        }
    }
}

impl From<&Policy> for Form {
    fn from(policy: &Policy) -> Self {
        let mut form = Self {
            throttled_base: policy.get_throttled_base().map(Span),
            cap: Some(Limit(policy.get_cap().unwrap_or(Duration::MAX))),
            cap_stops: policy.get_cap_stops().then_some(true),
            floor: Some(Span(policy.get_floor())),
            jitter: Some(policy.get_jitter()),
            attempts: Some(Attempts(policy.get_attempts().unwrap_or(u32::MAX))),
            lane_attempts: policy.get_lane_attempts().map(Attempts),
            unsent_attempts: Some(policy.get_unsent_attempts()).filter(|attempts| *attempts > 0),
            lanes: Some(Lanes(policy.get_lanes())),
            hedge_after: Some(match policy.get_hedge_at() {
                Some(percentile) => HedgeDelay::At(percentile),
                None => HedgeDelay::Fixed(policy.get_hedge_after()),
            }),
            hedge_on_failure: policy.get_hedge_on_failure().then_some(true),
            attempt_timeout: policy.get_attempt_timeout().map(Limit),
            deadline: policy.get_deadline().map(Limit),
            hint_limit: Some(Limit(policy.get_hint_limit().unwrap_or(Duration::MAX))),
            hint_spread: Some(policy.get_hint_spread()).filter(|share| *share > 0.0),
            restart_after_hint: policy.get_restart_after_hint().then_some(true),
            ignore_hints: (!policy.get_hints()).then_some(true),
            separate_targets: policy.get_separate_targets().then_some(true),
            ..Self::default()
        };
        match policy.get_backoff() {
            Shape::Exponential { factor, .. } => form.factor = Some(factor.get()),
            Shape::List { delays, at_end } => {
                form.delays = Some(delays.iter().map(Span).collect());
                form.at_end = Some(*at_end);
            }
            _ => {}
        }
        let (name, base) = Name::of(policy.get_backoff());
        form.backoff = Some(name);
        form.base = base.map(Span);
        form
    }
}

/// Writes a flat object with names and durations: `{"backoff":"exponential","base":"100ms","factor":2.0,"attempts":5
/// …}`.
///
/// A reader of JSON may take a factor or a fraction for the float next to it, as `serde_json` does without its feature
/// `float_roundtrip`; then a wait may differ by a nanosecond.
impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Form::from(self).serialize(serializer)
    }
}

/// Reads a policy. Missing fields have their defaults; an invalid policy is an error. `preset` names the
/// [preset](Policy::PRESETS) that the other fields are laid over.
impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let policy = Form::deserialize(deserializer)?.policy().map_err(D::Error::custom)?;
        policy.validate().map_err(D::Error::custom)?;
        Ok(policy)
    }
}

#[cfg(test)]
mod tests;
