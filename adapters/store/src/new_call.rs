//! A call that is to be enqueued.

use std::fmt;

use insist_core::{Instant, Repeat, fresh_seed};

use crate::error::StoreError;

/// A call that is to be enqueued: a key, the name of a policy, and what the handler of the workers needs to send it.
///
/// ```
/// use insist_store::NewCall;
///
/// let call = NewCall::new("order-17/paid", "webhooks").target("shop.example").body(br#"{"order":17}"#);
/// assert_eq!(call.key(), "order-17/paid");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a call is kept only once it is enqueued"]
pub struct NewCall {
    pub(crate) key: String,
    pub(crate) policy: String,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
    pub(crate) repeat: Repeat,
    pub(crate) due: Option<Instant>,
    pub(crate) seed: u64,
}

impl NewCall {
    /// The most bytes of a key, of a policy's name and of a target: 1,024.
    pub const NAME_BYTES: usize = 1024;
    /// The most bytes of a body: 16 MiB. What is larger belongs into a file or an object store, and its name into the body.
    pub const BODY_BYTES: usize = 16 << 20;

    /// Makes a call with this key, which goes by the policy that the workers have under this name.
    ///
    /// The key is the caller's name for the call. Enqueuing the same key again does nothing, and every attempt carries it,
    /// so it is the idempotency key as well: an order's number and what happened to it, for example.
    pub fn new(key: impl Into<String>, policy: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            policy: policy.into(),
            target: String::new(),
            body: Vec::new(),
            repeat: Repeat::Always,
            due: None,
            seed: fresh_seed(),
        }
    }

    /// Sets what it is sent to: a host, an endpoint, a customer. Default: none.
    ///
    /// Workers limit how many attempts are in flight to one target, a hint holds up all calls to its target, and operators
    /// pause by target. Without one, neither concerns the call.
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// Sets the bytes that the handler gets. Default: none.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets which failures may be followed by another attempt. Default: all.
    pub const fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Sets when the first attempt is due, counted [since the epoch](Instant::since_epoch). Default: now. The policy's
    /// deadline counts from then.
    pub const fn at(mut self, due: Instant) -> Self {
        self.due = Some(due);
        self
    }

    /// Sets the seed that its waits are drawn from. Default: a fresh one.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Returns its key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the name of its policy.
    #[must_use]
    pub fn get_policy(&self) -> &str {
        &self.policy
    }

    /// Returns its target, empty for none.
    #[must_use]
    pub fn get_target(&self) -> &str {
        &self.target
    }

    /// Returns its body.
    #[must_use]
    pub fn get_body(&self) -> &[u8] {
        &self.body
    }

    /// Returns which failures may be followed by another attempt.
    #[must_use]
    pub const fn get_repeat(&self) -> Repeat {
        self.repeat
    }

    /// Returns when its first attempt is due; `None` is now.
    #[must_use]
    pub const fn get_due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns the seed that its waits are drawn from.
    #[must_use]
    pub const fn get_seed(&self) -> u64 {
        self.seed
    }

    /// Checks what a store could not keep or an operator could not name.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let too_long = |text: &str| text.len() > Self::NAME_BYTES;
        let has_control = |text: &str| text.chars().any(char::is_control);
        let why = if self.key.is_empty() {
            "its key is empty; give it a name of its own"
        } else if self.policy.is_empty() {
            "the name of its policy is empty; give the one that workers have"
        } else if too_long(&self.key) || too_long(&self.policy) || too_long(&self.target) {
            "its key, its policy's name or its target is longer than 1,024 bytes; shorten it"
        } else if has_control(&self.key) || has_control(&self.policy) || has_control(&self.target) {
            "its key, its policy's name or its target has a control character; leave it out"
        } else if self.body.len() > Self::BODY_BYTES {
            "its body is longer than 16 MiB; keep it elsewhere, and its name in the body"
        } else if self.due.is_some_and(|due| due.as_nanos() > i64::MAX as u64) {
            "it is due after the year 2262; choose an earlier time"
        } else {
            return Ok(());
        };
        let key = self.key.chars().take(64).collect();
        Err(StoreError::NewCall { key, why })
    }
}

/// Shows how long the body is, and not what is in it.
impl fmt::Debug for NewCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCall")
            .field("key", &self.key)
            .field("policy", &self.policy)
            .field("target", &self.target)
            .field("body_bytes", &self.body.len())
            .field("repeat", &self.repeat)
            .field("due", &self.due)
            .field("seed", &self.seed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_store_could_keep_is_refused_with_what_would_be_right() {
        let long = "x".repeat(1025);
        for (call, why) in [
            (NewCall::new("", "p"), "its key is empty"),
            (NewCall::new("k", ""), "the name of its policy is empty"),
            (NewCall::new(&long, "p"), "longer than 1,024"),
            (NewCall::new("k", &long), "longer than 1,024"),
            (NewCall::new("k", "p").target(&long), "longer than 1,024"),
            (NewCall::new("a\nb", "p"), "control character"),
            (NewCall::new("k", "p").body(vec![0; (16 << 20) + 1]), "longer than 16 MiB"),
            (NewCall::new("k", "p").at(Instant::from_nanos(u64::MAX)), "after the year 2262"),
        ] {
            let said = call.check().unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
            assert!(said.len() < 200, "{said}");
        }
        assert!(NewCall::new("k", "p").target("").body([]).check().is_ok());
    }

    #[test]
    fn a_body_is_not_shown() {
        let shown = format!("{:?}", NewCall::new("k", "p").body(*b"secret"));
        assert!(!shown.contains("secret") && shown.contains("body_bytes: 6"), "{shown}");
    }
}
