//! A policy whose every span is longer, for drivers that run in real time.

use insist_core::{Policy, Shape};

pub(crate) fn slower(policy: Policy, factor: u32) -> Policy {
    let shape = match *policy.get_backoff() {
        Shape::Constant { base } => Shape::Constant { base: base * factor },
        Shape::Exponential { base, factor: growth } => Shape::Exponential { base: base * factor, factor: growth },
        other => other,
    };
    let mut slow = policy.shape(shape);
    if let Some(cap) = policy.get_cap() {
        slow = if policy.get_cap_stops() { slow.cap_that_stops(cap * factor) } else { slow.cap(cap * factor) };
    }
    if let Some(timeout) = policy.get_attempt_timeout() {
        slow = slow.attempt_timeout(timeout * factor);
    }
    if let Some(deadline) = policy.get_deadline() {
        slow = slow.deadline(deadline * factor);
    }
    if let Some(limit) = policy.get_hint_limit() {
        slow = slow.hint_limit(limit * factor);
    }
    slow.hedge_after(policy.get_hedge_after() * factor)
}
