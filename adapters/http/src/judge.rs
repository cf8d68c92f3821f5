//! A judge of answers and errors, for every client whose answers are `http::Response`s.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::Response;
use insist_core::{Judge, Verdict};

use crate::error::{AsError, ByItself, judge_error};
use crate::rules::Rules;

/// Judges what an HTTP client ends with, a `Result<http::Response<B>, E>`: answers by [`Rules`], errors by
/// [`judge_error`].
///
/// ```
/// use std::io;
///
/// use insist_core::Judge;
/// use insist_http::http::Response;
/// use insist_http::{HttpJudge, Rules, Verdict};
///
/// let mut judge = HttpJudge::new().rules(Rules::new().retry_status(404));
/// let missing = Response::builder().status(404).body(()).unwrap();
/// assert_eq!(judge.judge(&Ok::<_, io::Error>(missing)), Verdict::retry());
///
/// let broken: io::Result<Response<()>> = Err(io::ErrorKind::ConnectionReset.into());
/// assert_eq!(judge.judge(&broken), Verdict::retry());
/// ```
#[must_use = "a judge does nothing until a call asks it"]
pub struct HttpJudge<How = ByItself> {
    /// `None` for the default rules, which need no allocation.
    rules: Option<Arc<Rules>>,
    how: PhantomData<fn() -> How>,
}

impl<How> HttpJudge<How> {
    /// Makes a judge with the default rules.
    pub const fn new() -> Self {
        Self { rules: None, how: PhantomData }
    }

    /// Sets the rules. Default: [`Rules::new`].
    pub fn rules(self, rules: impl Into<Arc<Rules>>) -> Self {
        Self { rules: Some(rules.into()), ..self }
    }

    /// Returns the rules.
    pub fn get_rules(&self) -> &Rules {
        static DEFAULT: Rules = Rules::new();
        self.rules.as_deref().unwrap_or(&DEFAULT)
    }
}

impl<B, E: AsError<How>, How> Judge<Response<B>, E> for HttpJudge<How> {
    #[inline]
    fn judge(&mut self, outcome: &Result<Response<B>, E>) -> Verdict {
        match outcome {
            Ok(answer) => self.get_rules().judge_by_system_clock(answer.status(), answer.headers()),
            Err(error) => judge_error(error.as_error()),
        }
    }
}

impl<How> Clone for HttpJudge<How> {
    #[inline]
    fn clone(&self) -> Self {
        Self { rules: self.rules.clone(), how: PhantomData }
    }
}

impl<How> Default for HttpJudge<How> {
    fn default() -> Self {
        Self::new()
    }
}

impl<How> fmt::Debug for HttpJudge<How> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpJudge").field("rules", self.get_rules()).finish()
    }
}
