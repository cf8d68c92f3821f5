//! What a client concludes from a status.

use std::time::Duration;

use insist_core::Verdict;

/// Judges as `insist-http` does by default.
pub(crate) const fn judge(status: u16, retry_after: Option<Duration>) -> Verdict {
    let verdict = match status {
        200..=399 => Verdict::Accept,
        429 => Verdict::retry().throttled(),
        408 | 425 | 500 | 502 | 503 | 504 | 520..=527 | 529 | 530 => Verdict::retry(),
        _ => Verdict::Stop,
    };
    match retry_after {
        Some(wait) => verdict.after(wait),
        None => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_judged_as_on_the_wire() {
        let second = Duration::from_secs(1);
        assert_eq!(judge(204, None), Verdict::Accept);
        assert_eq!(judge(404, Some(second)), Verdict::Stop);
        assert_eq!(judge(503, Some(second)), Verdict::retry().after(second));
        assert_eq!(judge(429, None), Verdict::retry().throttled());
    }
}
