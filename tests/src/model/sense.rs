//! Whether a policy makes sense: what nobody could mean is refused, and so is what nothing ends.

use core::time::Duration;

use insist_core::{AtEnd, Jitter, Policy, Shape};

pub(super) fn makes_sense(policy: &Policy) -> bool {
    let has_attempts = policy.get_attempts() != Some(0) && policy.get_lane_attempts() != Some(0);
    let none = Some(Duration::ZERO);
    let has_time = policy.get_attempt_timeout() != none && policy.get_deadline() != none;
    let has_room = policy.get_cap().is_none_or(|cap| policy.get_floor() <= cap);
    let is_spread = match policy.get_jitter() {
        Jitter::Fraction(fraction) => (0.0..=1.0).contains(&fraction.get()),
        _ => true,
    };
    let has_delays = match policy.get_backoff() {
        Shape::Exponential { factor, .. } => factor.get() > 0.0,
        Shape::List { delays, .. } => (1..=32).contains(&delays.iter().count()),
        _ => true,
    };
    let has_percentile = policy.get_hedge_at().is_none_or(|at| (50.0..=99.9).contains(&at.get()));
    let has_share = (0.0..=1.0).contains(&policy.get_hint_spread());
    has_percentile
        && has_share
        && has_attempts
        && policy.get_lanes() > 0
        && has_time
        && has_room
        && is_spread
        && has_delays
        && ends(policy)
}

/// Returns whether anything ends a call of which every attempt fails.
fn ends(policy: &Policy) -> bool {
    let has_limit =
        policy.get_attempts().is_some() || policy.get_lane_attempts().is_some() || policy.get_deadline().is_some();
    let (stops, grows) = match policy.get_backoff() {
        Shape::Stop | Shape::List { at_end: AtEnd::Stop, .. } => (true, false),
        Shape::Exponential { base, factor } => (false, !base.is_zero() && factor.get() > 1.0),
        Shape::Linear { base } | Shape::Fibonacci { base } | Shape::Decorrelated { base } => (false, !base.is_zero()),
        _ => (false, false),
    };
    // A backoff that starts anew after each hint need not end.
    if policy.get_restart_after_hint() && policy.get_hints() {
        return has_limit;
    }
    has_limit || stops || (grows && policy.get_cap_stops() && policy.get_cap().is_some())
}
