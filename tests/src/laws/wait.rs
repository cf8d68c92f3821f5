//! How long the waits are: laws 6, 8 and 9.

use insist_core::{CancelReason, Cause, Handled, Hint, Kind, Reason, Verdict, WaitReason};

use crate::expected::{delay, nanos, range};
use crate::reading::{Promise, Reading, Since};
use crate::record::{Broken, Did, Ending, Operation, Question, Record, Step, What};

/// A wait lies in the future and leads to what it is for, before the deadline.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_6(record: &Record) -> Result<(), Broken> {
    let mut waited: Option<(u64, WaitReason)> = None;
    record.walk(|before, step, after| {
        let promised = waited.take().filter(|(at, _)| after.clock == *at);
        if let (Some((_, reason)), What::Poll(did)) = (promised, step.what) {
            if !leads_to(reason, did, step) {
                return Some(format!("the wait was for {reason:?}, and led to {did:?}"));
            }
        }
        if let Some(why) = ignores_a_bad_hold(before, step, after) {
            return Some(why);
        }
        let Some(Did::Wait(until, reason)) = step.did() else { return None };
        waited = until.map(|until| (until, reason));
        if until.is_some_and(|until| until <= after.clock) {
            return Some("it waits for what is not in the future".into());
        }
        if until.is_none() && after.flights.is_empty() {
            return Some("it waits for ever, and nothing is in flight".into());
        }
        let is_for_a_send = matches!(reason, WaitReason::Backoff | WaitReason::Gate | WaitReason::Hedge);
        if is_for_a_send && !until.is_some_and(|until| after.is_in_time(until)) {
            return Some("it waits for a send that the deadline leaves no time for".into());
        }
        let can_open = after.has_unopened_lane() && (after.has_attempt_left() || !after.openings.is_empty());
        let is_right = match reason {
            WaitReason::Outcome => until.is_none(),
            WaitReason::Backoff => after.is_first_due || !after.promises.is_empty(),
            WaitReason::Gate => until.is_some_and(|until| is_held_until(after, until)),
            WaitReason::Hedge => can_open || !after.is_sure,
            WaitReason::AttemptTimeout => !after.flights.is_empty() && after.policy.get_attempt_timeout().is_some(),
            WaitReason::Deadline => !after.flights.is_empty() && until == after.deadline,
            _ => false,
        };
        (!is_right).then(|| format!("nothing is to come that is a {reason:?}"))
    })
}

/// Whether a gate has said that something is not sent before this.
fn is_held_until(reading: &Reading<'_>, until: u64) -> bool {
    // What a gate said before a resume is not known of retries, and with several waits not of which of them it was.
    let may_be = |promise: &Promise| {
        promise.held == until || promise.since.is_none() || (promise.held > until && !promise.is_held_surely)
    };
    reading.held == until || reading.first_held == until || reading.promises.iter().any(may_be)
}

/// Whether the deadline does this.
const fn is_by_the_deadline(did: Did) -> bool {
    matches!(did, Did::Cancel(_, CancelReason::Deadline) | Did::GiveUp(Ending { reason: Reason::Deadline, .. }))
}

/// Whether polling at the end of a wait does what the wait was for: of what is due at one instant, the first.
fn leads_to(reason: WaitReason, did: Did, step: &Step) -> bool {
    let asks = |is: fn(&Question) -> bool| step.outer().any(|asked| is(&asked.question));
    match reason {
        WaitReason::Outcome => true,
        WaitReason::Backoff => asks(|question| matches!(question, Question::Admit(cause, _) if *cause != Cause::HEDGE)),
        WaitReason::Gate => {
            asks(|question| matches!(question, Question::Admit(..) | Question::Reserve(Cause::HEDGE, _)))
        }
        WaitReason::Hedge => asks(|question| matches!(question, Question::Reserve(Cause::HEDGE, _))),
        WaitReason::AttemptTimeout => {
            matches!(did, Did::Cancel(_, CancelReason::Timeout))
                && !asks(|question| matches!(question, Question::Admit(..)))
        }
        WaitReason::Deadline => step.is_over && is_by_the_deadline(did),
        _ => false,
    }
}

/// "Not before" an instant that is past or that the deadline does not leave is a refusal; any other is kept.
fn ignores_a_bad_hold(before: &Reading<'_>, step: &Step, after: &Reading<'_>) -> Option<String> {
    let count = |is: &dyn Fn(Question) -> bool| step.outer().filter(|asked| is(asked.question)).count();
    let bad = |kind| {
        count(&|question| matches!(question, Question::Admit(of, hold) if of.kind == kind && after.refuses(hold)))
    };
    let refunded = |kind| count(&|question| matches!(question, Question::Refund(of, _) if of.kind == kind));
    if refunded(Kind::Retry) < bad(Kind::Retry) || refunded(Kind::Hedge) < bad(Kind::Hedge) {
        return Some("a send that was refused keeps what was reserved".into());
    }
    let asks = |kind| count(&|question| matches!(question, Question::Admit(of, _) if of.kind == kind)) > 0;
    let only = before.promises.first().filter(|_| before.promises.len() == 1);
    let is_early = [
        (Kind::First, before.first_held),
        (Kind::Hedge, before.held),
        (Kind::Retry, only.filter(|only| only.is_held_surely).map_or(0, |only| only.held)),
    ];
    let early = is_early.iter().find(|(kind, held)| asks(*kind) && *held > after.clock);
    early.map(|(kind, held)| {
        format!("the gate said that no {kind} comes before {held}, and is asked at {}", after.clock)
    })
}

/// A delay lies in the range of its jitter, cut to floor and cap, and is the one that its place draws.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_8(record: &Record) -> Result<(), Broken> {
    record.walk(|before, step, after| {
        if let Some(why) = is_told_wrongly(step, after) {
            return Some(why);
        }
        delays_wrongly(before, step, after)
    })
}

fn delays_wrongly(before: &Reading<'_>, step: &Step, after: &Reading<'_>) -> Option<String> {
    match step.did()? {
        Did::Send(sending) if sending.kind == Kind::Retry => {
            let promise = before.promises[before.promise_of(sending.lane, step.admitted())?];
            let (low, _) = window(before, &promise)?;
            (after.clock < low).then(|| format!("the retry comes at {}, before {low}", after.clock))
        }
        Did::Wait(until, reason) => {
            let windows: Option<Vec<(u64, u64)>> =
                after.promises.iter().map(|promise| window(after, promise)).collect();
            let windows = windows?;
            if windows.iter().any(|(_, high)| *high <= after.clock) {
                return Some(format!("a retry was due by one of {windows:?}, and it waits at {}", after.clock));
            }
            if reason != WaitReason::Backoff || after.is_first_due {
                return None;
            }
            let fits = windows.iter().any(|(low, high)| until.is_some_and(|until| (*low..=*high).contains(&until)));
            (!fits).then(|| format!("it waits until {until:?}, and the retries are due in {windows:?}"))
        }
        _ => None,
    }
}

/// When a verdict's retry is said to be due, and it is drawn from another range.
fn is_told_wrongly(step: &Step, after: &Reading<'_>) -> Option<String> {
    let What::Handle(_, _, Handled::Retry { due }) = step.what else { return None };
    let (low, high) = window(after, after.promises.last()?)?;
    let due = due.as_nanos();
    (!(low..=high).contains(&due)).then(|| format!("the retry is said to be due at {due}, and not in {low} to {high}"))
}

/// Between which instants a retry is due. To the nanosecond, unless the wait before it is not known that well.
fn window(reading: &Reading<'_>, promise: &Promise) -> Option<(u64, u64)> {
    let Since { lane, number, failed, hint } = promise.since?;
    let (wait, is_exact) = match hint {
        None => (0, false),
        Some(hint) => (nanos(hint.span()), matches!(hint, Hint::Exactly(_))),
    };
    let start = failed.saturating_add(wait);
    let hold = |at: u64| at.max(promise.held);
    if is_exact {
        return Some((start, hold(start)));
    }
    let previous = reading.waited[usize::from(lane)];
    let is_decorrelated = matches!(reading.policy.get_backoff(), insist_core::Shape::Decorrelated { .. });
    let (low, high) = if is_decorrelated {
        range(reading.policy, number, previous)?
    } else {
        let exact = delay(reading.policy, reading.seed, lane, number, previous)?;
        (exact, exact)
    };
    Some((start.saturating_add(low), hold(start.saturating_add(high))))
}

/// A hint is never shortened; one that is too long ends its lane at once, and the largest of them is handed back.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_9(record: &Record) -> Result<(), Broken> {
    let mut largest = None;
    let mut is_sure = true;
    record.walk(|before, step, after| {
        is_sure &= after.is_sure;
        let failed = match step.what {
            What::Handle(id, Verdict::Retry(failure), handled) if handled.counts() => Some((id, failure)),
            What::Operate(Operation::Revive, Ok(())) => {
                (largest, is_sure) = (None, true);
                None
            }
            _ => None,
        };
        if let Some((id, failure)) = failed {
            let hint = failure.hint.filter(|_| record.policy.get_hints());
            let lane = before.sent[id as usize - 1].lane;
            let is_used_up =
                record.policy.get_lane_attempts().is_some_and(|most| before.sends_of(lane) >= u64::from(most));
            let has_attempt_left = after.has_attempt_left() || after.promises.len() > before.promises.len();
            if after.hinted(hint).is_none() {
                let too_long = hint.map(|hint| nanos(hint.span()));
                if after.promises.len() > before.promises.len() {
                    return Some(format!("the hint of {too_long:?} is too long, and the lane goes on"));
                }
                if after.may_repeat(failure.sent) && !is_used_up && has_attempt_left {
                    largest = largest.max(too_long);
                }
            }
        }
        match step.did()? {
            Did::Send(sending) if sending.kind == Kind::Retry => {
                let promise = before.promises[before.promise_of(sending.lane, step.admitted())?];
                let Since { failed, hint, .. } = promise.since?;
                let wait = hint.map_or(0, |hint| nanos(hint.span()));
                let is_early = after.clock < failed.saturating_add(wait);
                is_early.then(|| format!("the hint of {wait} since {failed} is cut short at {}", after.clock))
            }
            Did::GiveUp(Ending { hint, .. }) if is_sure && hint != largest => {
                Some(format!("the largest hint that was too long is {largest:?}, not {hint:?}"))
            }
            _ => None,
        }
    })
}
