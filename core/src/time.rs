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

    /// Makes the instant that lies this many nanoseconds after the origin.
    #[inline]
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the origin.
    #[inline]
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Adds a span; `None` (never) where 64 bits do not reach.
    #[inline]
    #[must_use]
    pub const fn checked_add(self, span: Duration) -> Option<Self> {
        let nanos = span.as_nanos();
        if nanos > u64::MAX as u128 {
            return None;
        }
        self.plus(nanos as u64)
    }

    /// Returns the span from an earlier instant to this one; zero if that one is later.
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

    /// Returns the instant of now, on the one origin that every std driver of this process shares.
    ///
    /// The origin lies up to a year before the first use, so an instant means nothing to another process: a call that
    /// outlives its process counts [since the epoch](Self::since_epoch).
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        std::time::Instant::now().into()
    }

    /// Returns the instant of now, counted from the Unix epoch by the system's clock: the origin of calls that outlive
    /// their process. A clock before 1970 reads as the epoch.
    ///
    /// ```
    /// use insist_core::Instant;
    ///
    /// let year_2020 = Instant::from_nanos(1_577_836_800_000_000_000);
    /// assert!(Instant::since_epoch() > year_2020);
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn since_epoch() -> Self {
        Self::ZERO.checked_add(std::time::UNIX_EPOCH.elapsed().unwrap_or_default()).unwrap_or(Self(u64::MAX))
    }

    /// Returns the std instant that this one was made [from](From); `None` where the system's clock does not reach.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn to_std(self) -> Option<std::time::Instant> {
        origin().checked_add(Duration::from_nanos(self.0))
    }
}

/// Converts on the origin that [`Instant::now`] uses; an earlier instant becomes the origin.
#[cfg(feature = "std")]
impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Self {
        let nanos = instant.saturating_duration_since(origin()).as_nanos();
        Self(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Returns the origin, which lies well before the first use, because a paused or simulated clock may be earlier.
#[cfg(feature = "std")]
fn origin() -> std::time::Instant {
    use std::time::Instant;
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    const HOUR: u64 = 3600;
    *ORIGIN.get_or_init(|| {
        let now = Instant::now();
        // Some systems count from their boot, and have no earlier instants.
        let before = |hours: u64| now.checked_sub(Duration::from_secs(hours * HOUR));
        [365 * 24, 30 * 24, 24, 1].into_iter().find_map(before).unwrap_or(now)
    })
}

/// Prints the span since the origin, as `1.5s`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Duration::from_nanos(self.0), f)
    }
}

/// Returns a span in nanoseconds, at most `u64::MAX` (584 years).
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
        assert!(before <= Instant::from(std) && Instant::from(std) <= Instant::now());
        assert_eq!(Instant::from(later).saturating_since(Instant::from(std)), Duration::from_secs(5));
        assert_eq!((Instant::from(later).to_std(), Instant::from(std).to_std()), (Some(later), Some(std)));
    }
}
