//! Judges reqwest's errors. The rules judge answers.

use insist_core::{Sent, Verdict};
use insist_http::{Rules, judge_error};
use reqwest::{Error, StatusCode};

/// Judges an error of an attempt. `was_redirected` is true if the attempt has followed a redirect, or if nobody knows.
pub(crate) fn judge(error: &Error, was_redirected: bool, rules: &Rules) -> Verdict {
    if let Some(status) = error.status() {
        // Made by a middleware: attempts themselves end with answers.
        return match (rules.is_retried(status), status) {
            (true, StatusCode::TOO_MANY_REQUESTS) => Verdict::retry().throttled(),
            (true, _) => Verdict::retry(),
            (false, _) => Verdict::Stop,
        };
    }
    if error.is_builder() || error.is_redirect() || error.is_upgrade() {
        return Verdict::Stop;
    }
    let verdict = judge_error(error);
    if was_redirected { verdict.sent(Sent::Maybe) } else { verdict }
}
