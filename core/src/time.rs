//! Points in time, counted in nanoseconds from an origin that the driver picks.
//!
//! There is no instant for "never": that is `None`, and a sum that overflows is never.

use core::fmt;
use core::time::Duration;

/// A point in time: nanoseconds since an origin that the driver picks.
///
/// Calls that share a [`Gate`](crate::Gate) share an origin. 64 bits of nanoseconds reach 584 years.
///
/// ```
/// use core::time::Duration;
/// use insist_core::Instant;
///
/// let start = Instant::from_nanos(5);
/// assert_eq!(start.checked_add(Duration::from_nanos(10)), Some(Instant::from_nanos(15)));
/// assert_eq!(start.checked_add(Duration::MAX), None); // never
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Instant(u64);

impl Instant {
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// The instant that lies this many nanoseconds after the origin.
    #[inline]
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    #[inline]
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This instant and a span later, or `None` (never) where 64 bits do not reach.
    #[inline]
    #[must_use]
    pub const fn checked_add(self, span: Duration) -> Option<Self> {
        let nanos = span.as_nanos();
        if nanos > u64::MAX as u128 {
            return None;
        }
        self.plus(nanos as u64)
    }

    /// The span from an earlier instant to this one; zero if that one is later.
    #[inline]
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    #[inline]
    pub(crate) const fn plus(self, nanos: u64) -> Option<Self> {
        match self.0.checked_add(nanos) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The instant of now, on the one origin that every std driver of this process shares.
    ///
    /// The origin is the first use, so an instant means nothing to another process.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        Self::of(std::time::Instant::now())
    }

    /// A std instant on the origin that [`Instant::now`] uses.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn of(instant: std::time::Instant) -> Self {
        let nanos = instant.saturating_duration_since(origin()).as_nanos();
        Self(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The std instant that [`of`](Self::of) makes this one from; `None` where the system's clock does not reach.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn to_std(self) -> Option<std::time::Instant> {
        origin().checked_add(Duration::from_nanos(self.0))
    }
}

#[cfg(feature = "std")]
fn origin() -> std::time::Instant {
    static ORIGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    *ORIGIN.get_or_init(std::time::Instant::now)
}

/// The span since the origin, as `1.5s`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Duration::from_nanos(self.0), f)
    }
}

/// A span in nanoseconds; what does not fit in 64 bits (584 years) is `u64::MAX`.
#[inline]
pub(crate) const fn nanos(span: Duration) -> u64 {
    match span.as_secs().checked_mul(1_000_000_000) {
        Some(nanos) => nanos.saturating_add(span.subsec_nanos() as u64),
        None => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_64_bits_do_not_reach_is_never() {
        let most = Duration::from_nanos(u64::MAX);
        assert_eq!(Instant::ZERO.checked_add(most), Some(Instant::from_nanos(u64::MAX)));
        assert_eq!(Instant::from_nanos(1).checked_add(most), None);
        assert_eq!(Instant::ZERO.checked_add(most + Duration::from_nanos(1)), None);
        assert_eq!(
            (nanos(most), nanos(most + Duration::from_nanos(1)), nanos(Duration::MAX)),
            (u64::MAX, u64::MAX, u64::MAX)
        );
    }

    #[cfg(feature = "std")]
    #[test]
    fn the_clock_of_the_process_goes_on_from_its_origin() {
        let (before, std) = (Instant::now(), std::time::Instant::now());
        let later = std + Duration::from_secs(5);
        assert!(before <= Instant::of(std) && Instant::of(std) <= Instant::now());
        assert_eq!(Instant::of(later).saturating_since(Instant::of(std)), Duration::from_secs(5));
        assert_eq!((Instant::of(later).to_std(), Instant::of(std).to_std()), (Some(later), Some(std)));
    }
}
