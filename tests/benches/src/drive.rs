//! The smallest driver there is: one lane, a virtual clock, a closure.

use insist_core::{Action, Backoff, Call, Instant, Policy, Verdict};

/// Drives one call to its end; `None` only if nothing could be sent.
#[inline]
pub(crate) fn drive<B: Backoff, T, E>(
    policy: &Policy<B>,
    seed: u64,
    mut operation: impl FnMut() -> Result<T, E>,
) -> Option<Result<T, E>> {
    let mut now = Instant::ZERO;
    let mut call = Call::new(policy, &(), now, seed);
    let mut result = None;
    loop {
        match call.poll(now) {
            Action::Send(attempt) => {
                let outcome = operation();
                let verdict = if outcome.is_ok() { Verdict::Accept } else { Verdict::retry() };
                call.handle(now, attempt.id, verdict);
                result = Some(outcome);
            }
            Action::Wait { until, .. } => now = until?,
            Action::Cancel { .. } | Action::Return(_) | Action::GiveUp(_) => return result,
        }
    }
}
