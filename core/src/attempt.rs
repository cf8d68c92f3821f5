//! What a driver is told of an attempt that it is to send.

use core::time::Duration;

/// One send of a call: number, place, and the time it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Attempt {
    /// Its number in the call: 1, 2, 3 … over all lanes. The number is its id.
    pub id: u32,
    /// How many sends its lane made before it: 0 for the first.
    pub retry: u32,
    /// Its lane, from 0.
    pub lane: u8,
    /// What made it: the call itself, a failure before it, or slowness.
    pub kind: Kind,
    /// Nanoseconds, high half first; all ones are no limit. Halves keep [`Action`](crate::Action) in 24 bytes.
    timeout: [u32; 2],
}

impl Attempt {
    #[inline]
    pub(crate) const fn new(id: u32, retry: u32, lane: u8, kind: Kind, timeout: u64) -> Self {
        Self { id, retry, lane, kind, timeout: [(timeout >> 32) as u32, timeout as u32] }
    }

    /// How long it may take: the attempt timeout, or what is left of the deadline if that is less.
    ///
    /// `None` is as long as it likes.
    #[inline]
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        let nanos = ((self.timeout[0] as u64) << 32) | self.timeout[1] as u64;
        if nanos == u64::MAX { None } else { Some(Duration::from_nanos(nanos)) }
    }
}

/// What made an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Kind {
    /// The first send of the call.
    First,
    /// Sent again in its lane, after a failure.
    Retry,
    /// The first send of a further lane, in a race or because what was in flight was slow.
    Hedge,
}

impl Kind {
    /// The word for it: `first`, `retry` or `hedge`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Hedge => "hedge",
        }
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}
