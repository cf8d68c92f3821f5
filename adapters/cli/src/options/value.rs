//! The values of policy options: each is read or refused with what would be right.

use std::time::Duration;

use insist_core::{Factor, Jitter};

/// Sends in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempts {
    Limited(u32),
    Unlimited,
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    insist_core::duration::parse(text).map_err(|problem| problem.to_string())
}

/// A duration for which zero makes no sense.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("nothing ends in no time; leave it out for no limit".into()),
        timeout => Ok(timeout),
    }
}

pub(super) fn attempts(text: &str) -> Result<Attempts, String> {
    if text == "unlimited" {
        return Ok(Attempts::Unlimited);
    }
    let attempts = count(text, "a call needs at least 1, the first included")?;
    // The largest number stands for no limit in a policy.
    Ok(if attempts == u32::MAX { Attempts::Unlimited } else { Attempts::Limited(attempts) })
}

pub(super) fn lane_attempts(text: &str) -> Result<u32, String> {
    count(text, "a lane needs at least 1, its first included")
}

pub(super) fn lanes(text: &str) -> Result<u8, String> {
    let lanes = count(text, "a call needs at least 1")?;
    u8::try_from(lanes).map_err(|_| format!("a call has at most {} lanes", u8::MAX))
}

fn count(text: &str, zero: &str) -> Result<u32, String> {
    match text.parse::<u64>() {
        Ok(0) => Err(zero.into()),
        Ok(number) => u32::try_from(number).map_err(|_| format!("at most {} can be counted", u32::MAX)),
        Err(_) => Err("a whole number from 1 is needed".into()),
    }
}

pub(super) fn factor(text: &str) -> Result<f64, String> {
    const RIGHT: &str = "a number above 0 and below 2^64 is needed";
    let factor: f64 = text.parse().map_err(|_| RIGHT)?;
    if insist_core::Policy::exponential(Duration::ZERO).factor(factor).validate().is_err() {
        return Err(RIGHT.into());
    }
    // What is too small to be kept in fixed point would be another factor than the one written.
    if Factor::new(factor).get() == 0.0 { Err(RIGHT.into()) } else { Ok(factor) }
}

pub(super) fn jitter(text: &str) -> Result<Jitter, String> {
    const RIGHT: &str = "none, full, equal or a fraction from 0 to 1 is needed";
    match text {
        "none" => Ok(Jitter::None),
        "full" => Ok(Jitter::Full),
        "equal" => Ok(Jitter::Equal),
        fraction => match fraction.parse::<f64>() {
            Ok(fraction) if (0.0..=1.0).contains(&fraction) => Ok(Jitter::fraction(fraction)),
            _ => Err(RIGHT.into()),
        },
    }
}
