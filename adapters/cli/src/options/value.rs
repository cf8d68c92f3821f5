//! Reads the values of policy options; an error says what would be valid.

use std::time::Duration;

use insist_core::{Factor, Jitter, Percentile};

/// The value of `--attempts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempts {
    Limited(u32),
    Unlimited,
}

/// The value of `--hedge-after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HedgeDelay {
    Fixed(Duration),
    At(Percentile),
}

pub(crate) fn hedge_delay(text: &str) -> Result<HedgeDelay, String> {
    if text.starts_with('p') {
        let percentile = Percentile::parse(text).ok_or("a percentile from p50 to p99.9 is needed, or a duration")?;
        return Ok(HedgeDelay::At(percentile));
    }
    duration(text).map(HedgeDelay::Fixed)
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    insist_core::duration::parse(text).map_err(|problem| problem.to_string())
}

/// Reads a duration above zero.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("an attempt or a call needs more than 0; leave the option out for no limit".into()),
        timeout => Ok(timeout),
    }
}

pub(super) fn attempts(text: &str) -> Result<Attempts, String> {
    if text == "unlimited" {
        return Ok(Attempts::Unlimited);
    }
    let attempts = count(text, "a call needs at least 1, the first included")?;
    // In a policy the largest number means no limit.
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
    // A factor too small for fixed point would become another one.
    if Factor::new(factor).get() == 0.0 { Err(RIGHT.into()) } else { Ok(factor) }
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or("a share from 0 to 1 is needed".into())
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
