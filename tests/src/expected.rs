//! The delay before a retry as the documentation has it, written down a second time and without haste.
//!
//! The checksum of a state's bytes is here too, for bytes that no call has written.

use insist_core::{AtEnd, AttemptEnd, Cause, Factor, Hint, Jitter, Policy, Shape};

/// The range that the delay is drawn from, both ends included; `None` where the backoff ends.
///
/// A cap that stops may still end the lane, depending on the draw. `previous` is the lane's previous wait.
#[must_use]
pub fn range(policy: &Policy, number: u32, previous: u64) -> Option<(u64, u64)> {
    range_of(policy, policy.get_backoff(), number, previous)
}

fn range_of(policy: &Policy, backoff: &Shape, number: u32, previous: u64) -> Option<(u64, u64)> {
    let floor = nanos(policy.get_floor());
    let cap = if policy.get_cap_stops() { u64::MAX } else { policy.get_cap().map_or(u64::MAX, nanos) };
    let cut = |delay: u64| delay.min(cap).max(floor);
    if let Shape::Decorrelated { base } = backoff {
        let base = nanos(*base);
        return Some((cut(base), cut(previous.max(base).saturating_mul(3))));
    }
    let delay = cut(shape(backoff, number)?);
    let (low, high) = match policy.get_jitter() {
        Jitter::Full => (0, delay),
        Jitter::Equal => (delay / 2, delay),
        Jitter::Fraction(fraction) => {
            let (mantissa, halvings) = parts(fraction.get());
            let span = halve(u128::from(mantissa) * u128::from(delay), halvings);
            (delay.saturating_sub(span), delay.saturating_add(span))
        }
        _ => (delay, delay),
    };
    Some((cut(low), cut(high)))
}

/// Returns whether what a retry is for was a throttled failure.
#[must_use]
pub fn is_throttled(cause: &Cause) -> bool {
    matches!(cause.after(), Some(AttemptEnd::Retry(failure)) if failure.throttled)
}

/// Holds what makes a delay another one than its number says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Special {
    /// The failure before it was throttled.
    pub throttled: bool,
    /// The retry after which the backoff began anew, 0 for none.
    pub restart: u32,
}

/// The delay after such a failure, to the nanosecond; `None` where the lane ends.
#[must_use]
pub fn delay_after(special: Special, policy: &Policy, seed: u64, lane: u8, number: u32, previous: u64) -> Option<u64> {
    let other = policy.get_throttled_base().filter(|_| special.throttled);
    let shape = match (*policy.get_backoff(), other) {
        (Shape::Constant { .. }, Some(base)) => Shape::Constant { base },
        (Shape::Linear { .. }, Some(base)) => Shape::Linear { base },
        (Shape::Exponential { factor, .. }, Some(base)) => Shape::Exponential { base, factor },
        (Shape::Fibonacci { .. }, Some(base)) => Shape::Fibonacci { base },
        (Shape::Decorrelated { .. }, Some(base)) => Shape::Decorrelated { base },
        (shape, _) => shape,
    };
    let since = number.saturating_sub(special.restart).max(1);
    // What began anew has no previous wait.
    let previous = if special.restart > 0 && since == 1 { 0 } else { previous };
    drawn(policy, range_of(policy, &shape, since, previous)?, first_word(seed, lane, number))
}

/// By how much a hinted wait is longer than that, and at most so much.
#[must_use]
pub fn hint_spread(policy: &Policy, seed: u64, lane: u8, number: u32, hint: u64, most: u64) -> u64 {
    let (mantissa, halvings) = parts(policy.get_hint_spread());
    let high = halve(u128::from(mantissa) * u128::from(hint), halvings).min(most);
    let word = first_word(seed.wrapping_add(0xd134_2543_de82_ef95 << 41), lane, number);
    ((u128::from(word) * (u128::from(high) + 1)) >> 64) as u64
}

/// The delay, to the nanosecond; `None` where the lane ends.
#[must_use]
pub fn delay(policy: &Policy, seed: u64, lane: u8, number: u32, previous: u64) -> Option<u64> {
    drawn(policy, range(policy, number, previous)?, first_word(seed, lane, number))
}

fn drawn(policy: &Policy, (low, high): (u64, u64), word: u64) -> Option<u64> {
    let wide = u128::from(high) - u128::from(low) + 1;
    let drawn = low + ((u128::from(word) * wide) >> 64) as u64;
    let stops = policy.get_cap_stops() && policy.get_cap().is_some_and(|cap| drawn >= nanos(cap));
    if stops { None } else { Some(drawn) }
}

/// The first random number of a place: SplitMix64's, in a stream that starts at the seed plus a multiple of the place.
#[must_use]
pub fn first_word(seed: u64, lane: u8, number: u32) -> u64 {
    let place = u64::from(lane) * 0x1_0000_0000 + u64::from(number);
    let start = seed.wrapping_add(place.wrapping_mul(0xd134_2543_de82_ef95));
    let word = start.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn shape(shape: &Shape, number: u32) -> Option<u64> {
    let times = |base: core::time::Duration, factor: u64| nanos(base).saturating_mul(factor);
    Some(match shape {
        Shape::Stop => return None,
        Shape::Constant { base } => nanos(*base),
        Shape::Linear { base } => times(*base, u64::from(number)),
        Shape::Fibonacci { base } => times(*base, fibonacci(number)),
        Shape::Exponential { base, factor } => exponential(nanos(*base), *factor, number - 1),
        Shape::List { delays, at_end } => {
            let listed: Vec<_> = delays.iter().collect();
            match (listed.get(number as usize - 1), at_end) {
                (Some(delay), _) => nanos(*delay),
                (None, AtEnd::Repeat) => nanos(*listed.last()?),
                (None, _) => return None,
            }
        }
        _ => 0,
    })
}

fn fibonacci(number: u32) -> u64 {
    let (mut current, mut next) = (0_u64, 1_u64);
    for _ in 0..number {
        (current, next) = (next, current.saturating_add(next));
    }
    current
}

/// Exact while the power of the factor's odd part fits, which it does for the factors that random policies have.
fn exponential(base: u64, factor: Factor, exponent: u32) -> u64 {
    let (mantissa, halvings) = parts(factor.get());
    let mut product = u128::from(base);
    for _ in 0..exponent {
        match product.checked_mul(u128::from(mantissa)) {
            Some(larger) => product = larger,
            None => return if base == 0 { 0 } else { u64::MAX },
        }
    }
    halve(product, halvings.saturating_mul(exponent))
}

/// A float as an integer that was halved so many times.
fn parts(number: f64) -> (u64, u32) {
    let (mut number, mut halvings) = (number, 0);
    while number.fract() != 0.0 {
        number *= 2.0;
        halvings += 1;
    }
    (number as u64, halvings)
}

/// Halved so many times, and rounded to the nearest once.
fn halve(product: u128, halvings: u32) -> u64 {
    let halved = match halvings {
        0 => product,
        1..=127 => (product >> halvings) + (product >> (halvings - 1) & 1),
        _ => 0,
    };
    u64::try_from(halved).unwrap_or(u64::MAX)
}

/// Returns how the attempt before a retry ended, as gates are told: a hint in whole milliseconds, rounded up, of which
/// there are at most 2^32 - 1; one of zero is none.
#[must_use]
pub fn told(end: AttemptEnd) -> AttemptEnd {
    let AttemptEnd::Retry(mut failure) = end else { return end };
    let whole = |span: core::time::Duration| {
        let millis = span.as_nanos().div_ceil(1_000_000).min(u128::from(u32::MAX));
        core::time::Duration::from_millis(millis as u64)
    };
    failure.hint = match failure.hint {
        None => None,
        Some(hint) if hint.span().is_zero() => None,
        Some(Hint::Exactly(span)) => Some(Hint::Exactly(whole(span))),
        Some(hint) => Some(Hint::AtLeast(whole(hint.span()))),
    };
    AttemptEnd::Retry(failure)
}

/// A span in nanoseconds; what is longer than 584 years is the most there is.
#[must_use]
pub fn nanos(span: core::time::Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// The body with the checksum that belongs to it: CRC-32, the low byte first.
#[must_use]
pub fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let sum = crc32(&body);
    body.extend(sum.to_le_bytes());
    body
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc >>= 1;
            if low == 1 {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}
