//! A list of delays, kept in place.

use core::time::Duration;

use crate::policy::Flaw;
use crate::time::nanos;

/// Says what a list of delays does when it is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AtEnd {
    /// The lane ends.
    #[default]
    Stop,
    /// The last delay is repeated for ever.
    Repeat,
}

/// The delays of a list: at most 32, kept in place, so that a policy needs no allocator.
///
/// A longer schedule is a [`Backoff`](super::Backoff) of one's own: a closure over a slice is one.
#[derive(Clone, Copy)]
pub struct List {
    nanos: [u64; Self::LIMIT],
    pub(super) length: usize,
}

impl List {
    /// The number of delays that a list has room for.
    pub const LIMIT: usize = 32;

    /// Makes a list of these delays, in order. None at all, or more than 32, make the policy invalid.
    #[must_use]
    pub const fn new(delays: &[Duration]) -> Self {
        let mut list = Self { nanos: [0; Self::LIMIT], length: delays.len() };
        let mut index = 0;
        while index < delays.len() && index < Self::LIMIT {
            list.nanos[index] = nanos(delays[index]);
            index += 1;
        }
        list
    }

    /// Iterates over the delays, in order.
    pub fn iter(&self) -> impl Iterator<Item = Duration> + '_ {
        self.nanos.iter().take(self.length).map(|nanos| Duration::from_nanos(*nanos))
    }

    pub(crate) const fn flaw(&self) -> Option<Flaw> {
        match self.length {
            0 => Some(Flaw::EmptyList),
            length if length > u32::MAX as usize => Some(Flaw::LongList(u32::MAX)),
            length if length > Self::LIMIT => Some(Flaw::LongList(length as u32)),
            _ => None,
        }
    }

    /// Returns the delay before a retry, from 1.
    pub(super) const fn nth(&self, number: u32, at_end: AtEnd) -> Option<u64> {
        let length = if self.length < Self::LIMIT { self.length } else { Self::LIMIT };
        let index = number.saturating_sub(1) as usize;
        match at_end {
            _ if index < length => Some(self.nanos[index]),
            AtEnd::Repeat if length > 0 => Some(self.nanos[length - 1]),
            AtEnd::Repeat | AtEnd::Stop => None,
        }
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl core::fmt::Debug for List {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_nanos(10);

    #[test]
    fn a_list_has_room_for_32_and_says_what_it_holds() {
        let list = |length: u64| List::new(&[BASE; 40][..length as usize]);
        assert_eq!(list(0).flaw(), Some(Flaw::EmptyList));
        assert_eq!((list(1).flaw(), list(32).flaw()), (None, None));
        assert_eq!(list(33).flaw(), Some(Flaw::LongList(33)));
        assert!(list(2) == list(2) && list(2) != list(3) && list(1) != List::new(&[BASE * 2]));
        assert_eq!(alloc::format!("{:?}", list(2)), "[10ns, 10ns]");
    }
}
