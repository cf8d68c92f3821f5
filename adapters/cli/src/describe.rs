//! Describes a policy in one line.

use std::fmt;

use insist_core::duration::Text;
use insist_core::{AtEnd, Jitter, Policy, Shape};

/// A policy as one line: `exponential from 100ms × 2, cap 10s, full jitter, 3 attempts in all`.
pub(crate) struct Described<'a>(pub(crate) &'a Policy);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_waits(f)?;
        self.write_limits(f)
    }
}

/// The part of that line that is about the waits: `exponential from 100ms × 2, cap 10s, full jitter`.
pub(crate) struct Waits<'a>(pub(crate) &'a Policy);

impl fmt::Display for Waits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Described(self.0).write_waits(f)
    }
}

impl Described<'_> {
    fn write_waits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = self.0;
        let word = policy.get_backoff().as_str();
        match policy.get_backoff() {
            Shape::Zero => f.write_str("no wait")?,
            Shape::Stop => return f.write_str("no retry"),
            Shape::Constant { base } => write!(f, "{word} {}", Text(*base))?,
            Shape::Linear { base } | Shape::Fibonacci { base } | Shape::Decorrelated { base } => {
                write!(f, "{word} from {}", Text(*base))?;
            }
            Shape::Exponential { base, factor } => write!(f, "{word} from {} × {}", Text(*base), factor.get())?,
            Shape::List { delays, at_end } => {
                f.write_str(word)?;
                for (index, delay) in delays.iter().enumerate() {
                    write!(f, "{}{}", if index == 0 { " " } else { "," }, Text(delay))?;
                }
                f.write_str(match at_end {
                    AtEnd::Repeat => " and repeat the last",
                    _ => " and stop",
                })?;
            }
            _ => f.write_str(word)?,
        }
        let has_base = !matches!(policy.get_backoff(), Shape::Zero | Shape::List { .. });
        if let Some(base) = policy.get_throttled_base().filter(|_| has_base) {
            write!(f, ", from {} if throttled", Text(base))?;
        }
        if !policy.get_floor().is_zero() {
            write!(f, ", floor {}", Text(policy.get_floor()))?;
        }
        if let Some(cap) = policy.get_cap() {
            write!(f, ", {} {}", if policy.get_cap_stops() { "stops at" } else { "cap" }, Text(cap))?;
        }
        match (policy.get_backoff(), policy.get_jitter()) {
            (Shape::Zero | Shape::Decorrelated { .. }, _) => Ok(()),
            (_, Jitter::None) => f.write_str(", no jitter"),
            (_, Jitter::Full) => f.write_str(", full jitter"),
            (_, Jitter::Equal) => f.write_str(", equal jitter"),
            (_, Jitter::Fraction(fraction)) => {
                write!(f, ", jitter ± {}", (fraction.get() * 10_000.0).round() / 10_000.0)
            }
            _ => Ok(()),
        }
    }

    fn write_limits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = self.0;
        match policy.get_attempts() {
            None => f.write_str("; unlimited attempts")?,
            Some(1) => f.write_str("; 1 attempt")?,
            Some(attempts) => write!(f, "; {attempts} attempts in all")?,
        }
        if let Some(attempts) = policy.get_lane_attempts() {
            write!(f, ", {attempts} in a lane")?;
        }
        match policy.get_unsent_attempts() {
            0 => {}
            attempts => write!(f, ", and {attempts} more if unsent")?,
        }
        if policy.get_lanes() > 1 {
            write!(f, "; {} lanes, ", policy.get_lanes())?;
            if policy.get_hedge_after().is_zero() {
                f.write_str("raced")?;
            } else {
                match policy.get_hedge_at() {
                    Some(percentile) => write!(f, "hedged at {percentile} of the latest answers")?,
                    None => write!(f, "hedged after {}", Text(policy.get_hedge_after()))?,
                }
                if policy.get_hedge_on_failure() {
                    f.write_str(" or a failure")?;
                }
            }
        }
        if let Some(timeout) = policy.get_attempt_timeout() {
            write!(f, "; attempt timeout {}", Text(timeout))?;
        }
        if let Some(deadline) = policy.get_deadline() {
            write!(f, "; deadline {}", Text(deadline))?;
        }
        match (policy.get_hints(), policy.get_hint_limit()) {
            (false, _) => f.write_str("; Retry-After ignored"),
            (true, Some(limit)) => write!(f, "; Retry-After up to {}", Text(limit)),
            (true, None) => Ok(()),
        }?;
        if !policy.get_hints() {
            return Ok(());
        }
        if policy.get_hint_spread() > 0.0 {
            write!(f, ", spread by {}", policy.get_hint_spread())?;
        }
        if policy.get_restart_after_hint() {
            f.write_str(", then the backoff starts anew")?;
        }
        if policy.get_separate_targets() && policy.get_lanes() > 1 {
            f.write_str(", for its lane alone")?;
        }
        Ok(())
    }
}
