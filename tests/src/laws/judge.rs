//! What a failure leads to: law 16, and the order in which a failure is judged.

use insist_core::{CancelReason, Failure, Hint, Kind, Repeat, Sent, Shape, Verdict};

use crate::expected::delay;
use crate::reading::{Flight, Reading};
use crate::record::{Broken, Did, Question, Record, What};

/// An attempt that may have reached the server is repeated only if the call may be.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_16(record: &Record) -> Result<(), Broken> {
    let mut may_send = true;
    record.walk(|before, step, after| {
        if record.repeat == Repeat::Always {
            return None;
        }
        if let Some(Did::Send(sending)) = step.did() {
            if !may_send {
                return Some(format!("{sending:?} follows what may have reached the server"));
            }
            may_send = record.repeat == Repeat::IfUnsent;
        }
        if after.flights.len() > 1 || after.sent.iter().any(|sending| sending.lane > 0) {
            return Some("it races, and may not be repeated".into());
        }
        may_send &= match step.what {
            What::Handle(_, Verdict::Retry(failure), handled) if handled.counts() => failure.sent == Sent::No,
            What::Handle(_, Verdict::Stop, handled) if handled.counts() => false,
            What::Poll(Did::Cancel(..)) => false,
            What::Suspend => before.flights.is_empty(),
            _ => true,
        };
        None
    })
}

/// A failure is judged in order, and a refusal on the way asks nothing of what comes after it: the gate is asked for a
/// retry exactly if all else lets it pass.
///
/// # Errors
///
/// Where the record breaks it.
pub fn judging(record: &Record) -> Result<(), Broken> {
    record.walk(|before, step, after| {
        let (id, failure) = match step.what {
            What::Handle(id, Verdict::Retry(failure), handled) if handled.counts() => (id, failure),
            What::Poll(Did::Cancel(id, CancelReason::Timeout)) => (id, Failure::new()),
            _ => return None,
        };
        if !after.is_sure || matches!(record.policy.get_backoff(), Shape::Decorrelated { .. }) {
            return None;
        }
        let flight = before.flights.iter().find(|flight| flight.sending.id == id)?;
        let hint = failure.hint.filter(|_| record.policy.get_hints());
        let expected = lets_pass(before, after, flight, failure.sent, hint);
        let asks = step
            .outer()
            .any(|asked| matches!(asked.question, Question::Reserve(cause, _) if cause.kind == Kind::Retry));
        (asks != expected)
            .then(|| format!("a retry after attempt {id} is possible: {expected}; the gate is asked: {asks}"))
    })
}

/// Whether all that comes before the gate lets a retry pass.
fn lets_pass(before: &Reading<'_>, after: &Reading<'_>, flight: &Flight, sent: Sent, hint: Option<Hint>) -> bool {
    let policy = before.policy;
    let lane = flight.sending.lane;
    let number = flight.sending.retry + 1;
    // What a failure opens was promised before the lane itself is judged.
    let spent = before.spent() + (after.openings.len() - before.openings.len()) as u64;
    let has_lane_attempt = policy.get_lane_attempts().is_none_or(|most| number < most);
    let has_attempt = policy.get_attempts().is_none_or(|most| spent < u64::from(most));
    let due = after.hinted(hint).and_then(|wait| {
        let delay = delay(policy, before.seed, lane, number, 0)?;
        let delay = if matches!(hint, Some(Hint::Exactly(_))) { 0 } else { delay };
        after.clock.checked_add(wait)?.checked_add(delay)
    });
    before.may_repeat(sent) && has_lane_attempt && has_attempt && due.is_some_and(|due| after.is_in_time(due))
}
