//! Headers that tell a server about a call: its key, the number of the attempt, and the time that is left.

use std::hash::{BuildHasher, Hasher, RandomState};

use http::{HeaderMap, HeaderName, HeaderValue};
use insist_core::{Attempt, fresh_seed};

use crate::IDEMPOTENCY_KEY;

/// Headers that tell a server about a call. Default: none. There is no standard for the names, so the user chooses them.
///
/// ```
/// use std::time::Duration;
///
/// use insist_core::{Attempt, Policy};
/// use insist_http::http::{HeaderMap, HeaderName};
/// use insist_http::{CallHeaders, IDEMPOTENCY_KEY};
///
/// let headers = CallHeaders::new()
///     .idempotency_key()
///     .attempt(HeaderName::from_static("x-attempt"))
///     .remaining_millis(HeaderName::from_static("x-timeout-ms"));
///
/// let mut request = HeaderMap::new();
/// headers.begin(&mut request); // once a call, before anything is sent
/// assert_eq!(request[&IDEMPOTENCY_KEY].len(), 36);
///
/// let first = Attempt::first(&Policy::default().attempt_timeout(Duration::from_secs(2)));
/// headers.send(&mut request, &first); // before each attempt
/// assert_eq!((&request["x-attempt"], &request["x-timeout-ms"]), (&"1".parse()?, &"2000".parse()?));
/// # Ok::<_, insist_http::http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "headers do nothing until they are put into a request"]
pub struct CallHeaders {
    key: Option<HeaderName>,
    attempt: Option<HeaderName>,
    previous: Option<HeaderName>,
    remaining: Option<HeaderName>,
}

impl CallHeaders {
    /// Makes an empty set.
    pub const fn new() -> Self {
        Self { key: None, attempt: None, previous: None, remaining: None }
    }

    /// Gives each call one random `Idempotency-Key`, the same in all its attempts, unless the request has one already.
    /// So every request may be repeated, and the server must know what the key means.
    pub fn idempotency_key(self) -> Self {
        self.idempotency_key_in(IDEMPOTENCY_KEY)
    }

    /// Does the same with a header of another name. Only the standard name makes a request repeatable by itself.
    pub fn idempotency_key_in(self, name: HeaderName) -> Self {
        Self { key: Some(name), ..self }
    }

    /// Tells the number of the attempt: 1, 2, 3 and so on.
    pub fn attempt(self, name: HeaderName) -> Self {
        Self { attempt: Some(name), ..self }
    }

    /// Tells how many attempts came before; the first says nothing. gRPC has `grpc-previous-rpc-attempts`.
    pub fn previous_attempts(self, name: HeaderName) -> Self {
        Self { previous: Some(name), ..self }
    }

    /// Tells how many milliseconds the attempt has, rounded down: its timeout, or what is left of the call's deadline,
    /// whichever is shorter. An attempt without either says nothing.
    pub fn remaining_millis(self, name: HeaderName) -> Self {
        Self { remaining: Some(name), ..self }
    }

    /// Returns whether no header is set at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.key.is_none() && self.attempt.is_none() && self.previous.is_none() && self.remaining.is_none()
    }

    /// Lays these over others.
    pub(crate) fn over(&self, base: &Self) -> Self {
        let pick = |own: &Option<HeaderName>, base: &Option<HeaderName>| own.as_ref().or(base.as_ref()).cloned();
        Self {
            key: pick(&self.key, &base.key),
            attempt: pick(&self.attempt, &base.attempt),
            previous: pick(&self.previous, &base.previous),
            remaining: pick(&self.remaining, &base.remaining),
        }
    }

    /// Puts in what all attempts of a call share: its key.
    pub fn begin(&self, headers: &mut HeaderMap) {
        if let Some(name) = self.key.as_ref().filter(|name| !headers.contains_key(*name)) {
            headers.insert(name, new_idempotency_key());
        }
    }

    /// Puts in what differs between the attempts of a call.
    pub fn send(&self, headers: &mut HeaderMap, attempt: &Attempt) {
        if let Some(name) = &self.attempt {
            headers.insert(name, attempt.id.into());
        }
        if let Some(name) = &self.previous {
            match attempt.id.checked_sub(1) {
                None | Some(0) => drop(headers.remove(name)),
                Some(previous) => drop(headers.insert(name, previous.into())),
            }
        }
        if let Some(name) = &self.remaining {
            match attempt.timeout() {
                None => drop(headers.remove(name)),
                Some(left) => drop(headers.insert(name, u64::try_from(left.as_millis()).unwrap_or(u64::MAX).into())),
            }
        }
    }
}

/// Makes a key that no other call has: 128 bits, from the seeds of calls and std's random state, written as a UUID of
/// version 8.
///
/// ```
/// let (one, other) = (insist_http::new_idempotency_key(), insist_http::new_idempotency_key());
/// assert_eq!(one.len(), 36);
/// assert_ne!(one, other);
/// ```
#[must_use]
pub fn new_idempotency_key() -> HeaderValue {
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

    use insist_core::{Action, Call, Instant, Policy, Verdict};

    use super::*;

    fn name(name: &'static str) -> HeaderName {
        HeaderName::from_static(name)
    }

    #[test]
    fn a_key_is_kept_and_one_is_made_where_there_is_none() {
        let headers = CallHeaders::new().idempotency_key();
        let mut request = HeaderMap::new();
        headers.begin(&mut request);
        let key = request[&IDEMPOTENCY_KEY].clone();
        headers.begin(&mut request);
        assert_eq!(request[&IDEMPOTENCY_KEY], key);
        let text = key.to_str().unwrap();
        assert_eq!(text.as_bytes()[14], b'8', "{text}");
        assert!("89ab".contains(&text[19..20]), "{text}");
    }

    #[test]
    fn keys_differ() {
        let keys: BTreeSet<_> = (0..1000).map(|_| new_idempotency_key().to_str().unwrap().to_owned()).collect();
        assert_eq!(keys.len(), 1000);
    }

    #[test]
    fn the_second_attempt_says_its_number_and_that_one_came_before() {
        let headers = CallHeaders::new().attempt(name("x-attempt")).previous_attempts(name("x-before"));
        let mut call = Call::new(Policy::zero(), (), Instant::ZERO, 1);
        let mut request = HeaderMap::new();
        for (number, before) in [("1", None), ("2", Some("1")), ("3", Some("2"))] {
            let Action::Send(attempt) = call.poll(Instant::ZERO) else { panic!() };
            headers.send(&mut request, &attempt);
            assert_eq!(request["x-attempt"], number);
            assert_eq!(request.get("x-before").map(|value| value.to_str().unwrap()), before);
            let _ = call.handle(Instant::ZERO, attempt.id, Verdict::retry());
        }
    }

    #[test]
    fn an_attempt_without_a_limit_says_nothing_of_what_is_left() {
        let headers = CallHeaders::new().remaining_millis(name("x-left"));
        let mut request = HeaderMap::new();
        headers.send(&mut request, &Attempt::FIRST);
        assert!(request.is_empty());
    }
}
