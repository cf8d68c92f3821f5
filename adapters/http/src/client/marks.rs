//! Headers that a call adds to its requests: a key by which the server knows it again, and marks of each attempt.

use std::hash::{BuildHasher, Hasher, RandomState};

use http::{HeaderMap, HeaderName, HeaderValue};
use insist_core::{Attempt, fresh_seed};

use crate::IDEMPOTENCY_KEY;

/// The headers that a call adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) makes_key: bool,
    pub(super) attempt: Option<HeaderName>,
    pub(super) timeout: Option<HeaderName>,
}

impl Marks {
    pub(super) const NONE: Self = Self { makes_key: false, attempt: None, timeout: None };

    pub(super) fn over(&self, base: &Self) -> Self {
        Self {
            makes_key: self.makes_key || base.makes_key,
            attempt: self.attempt.as_ref().or(base.attempt.as_ref()).cloned(),
            timeout: self.timeout.as_ref().or(base.timeout.as_ref()).cloned(),
        }
    }

    pub(super) fn add_key(&self, headers: &mut HeaderMap) {
        if self.makes_key && !headers.contains_key(IDEMPOTENCY_KEY) {
            headers.insert(IDEMPOTENCY_KEY, new_key());
        }
    }

    pub(super) fn add(&self, headers: &mut HeaderMap, attempt: &Attempt) {
        if let Some(name) = &self.attempt {
            headers.insert(name, HeaderValue::from(attempt.id));
        }
        if let (Some(name), Some(left)) = (&self.timeout, attempt.timeout()) {
            // Never more than there is.
            let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            headers.insert(name, HeaderValue::from(millis));
        }
    }
}

/// Makes a key that no other call has: 128 bits, from the seeds of calls and std's random state, written as a UUID of
/// version 8.
fn new_key() -> HeaderValue {
    let half = |number: u64| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(number);
        hasher.finish()
    };
    let (high, low) = (half(fresh_seed()), half(fresh_seed()));
    let key = format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff,
    );
    HeaderValue::try_from(key).unwrap_or_else(|_| HeaderValue::from(high))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_are_uuids_and_differ() {
        let keys: BTreeSet<_> = (0..1000).map(|_| new_key().to_str().unwrap().to_owned()).collect();
        assert_eq!(keys.len(), 1000);
        for key in keys {
            assert_eq!(key.len(), 36);
            assert_eq!(key.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
            assert!(key.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()), "{key}");
        }
    }

    #[test]
    fn a_key_that_is_there_stays() {
        let mut headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_static("mine"))]);
        Marks { makes_key: true, ..Marks::NONE }.add_key(&mut headers);
        assert_eq!(headers[IDEMPOTENCY_KEY], "mine");
    }
}
