//! Bytes read as choices, so that what a fuzzer changes in them changes one choice.
//!
//! When the bytes have ended, every choice is the first and every number is 0.

use core::time::Duration;

use arbitrary::{Arbitrary, Unstructured};

const MS: u64 = 1_000_000;

pub(super) struct Words<'a>(Unstructured<'a>);

impl<'a> Words<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number, or as many of its low bytes as there are.
    pub(super) fn number<T: Arbitrary<'a> + Default>(&mut self) -> T {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.number()
    }

    /// In one of so many cases of 256.
    pub(super) fn is_rare(&mut self, cases: u8) -> bool {
        self.byte() > u8::MAX - cases
    }

    pub(super) fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    /// Up to so many bytes as they are.
    pub(super) fn bytes(&mut self, most: u8) -> &'a [u8] {
        let length = usize::from(self.below(most)).min(self.0.len());
        self.0.bytes(length).unwrap_or_default()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        self.0.bytes(self.0.len()).unwrap_or_default()
    }

    /// Spans that matter: none, the least, a few that are met again and again, the most, and any.
    pub(super) fn span(&mut self) -> u64 {
        match self.byte() {
            tens @ 0..=127 => u64::from(tens % 41) * 10 * MS,
            128..=191 => u64::from(self.number::<u16>()) * 6_103,
            least @ 192..=207 => u64::from(least % 4),
            most @ 208..=223 => u64::MAX - u64::from(most - 208),
            _ => self.number(),
        }
    }

    pub(super) fn duration(&mut self) -> Duration {
        Duration::from_nanos(self.span())
    }

    pub(super) fn positive(&mut self) -> Duration {
        Duration::from_nanos(self.span().max(1))
    }
}
