//! How long the waits are: laws 6, 8 and 9.

use insist_core::{Handled, Hint, Kind, Reason, Verdict, WaitReason};

use crate::expected::{delay, nanos, range};
use crate::reading::{Cause, Promise, Reading};
use crate::record::{Broken, Did, Question, Record, Step, What};

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
        let is_for_a_send = matches!(reason, WaitReason::Backoff | WaitReason::Hedge);
        if is_for_a_send && !until.is_some_and(|until| after.is_in_time(until)) {
            return Some("it waits for a send that the deadline leaves no time for".into());
        }
        let can_open = after.has_unopened_lane() && (after.has_attempt_left() || !after.openings.is_empty());
        let is_right = match reason {
            WaitReason::Outcome => until.is_none(),
            WaitReason::Backoff => after.is_first_due || !after.promises.is_empty(),
            WaitReason::Hedge => can_open || !after.is_sure,
            WaitReason::AttemptTimeout => !after.flights.is_empty() && after.policy.get_attempt_timeout().is_some(),
            WaitReason::Deadline => !after.flights.is_empty() && until == after.deadline,
        };
        (!is_right).then(|| format!("nothing is to come that is a {reason:?}"))
    })
}

/// Whether polling at the end of a wait does what the wait was for: of what is due at one instant, the first.
fn leads_to(reason: WaitReason, did: Did, step: &Step) -> bool {
    let asks = |is: fn(&Question) -> bool| step.outer().any(|asked| is(&asked.question));
    match reason {
        WaitReason::Outcome => true,
        WaitReason::Backoff => asks(|question| matches!(question, Question::Admit(Kind::First | Kind::Retry, _))),
        WaitReason::Hedge => asks(|question| matches!(question, Question::Reserve(Kind::Hedge, _))),
        WaitReason::AttemptTimeout => {
            matches!(did, Did::Cancel(_)) && !asks(|question| matches!(question, Question::Admit(..)))
        }
        WaitReason::Deadline => step.is_over && matches!(did, Did::Cancel(_) | Did::GiveUp(Reason::Deadline, ..)),
    }
}

/// "Not before" an instant that is past or that the deadline does not leave is a refusal; any other is kept.
fn ignores_a_bad_hold(before: &Reading<'_>, step: &Step, after: &Reading<'_>) -> Option<String> {
    let count = |is: &dyn Fn(Question) -> bool| step.outer().filter(|asked| is(asked.question)).count();
    let bad =
        |kind| count(&|question| matches!(question, Question::Admit(of, hold) if of == kind && after.refuses(hold)));
    let refunded = |kind| count(&|question| matches!(question, Question::Refund(of, _) if of == kind));
    if refunded(Kind::Retry) < bad(Kind::Retry) || refunded(Kind::Hedge) < bad(Kind::Hedge) {
        return Some("a send that was refused keeps what was reserved".into());
    }
    let asks = |kind| count(&|question| matches!(question, Question::Admit(of, _) if of == kind)) > 0;
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
    record.walk(|before, step, after| match step.did()? {
        Did::Send(sending) if sending.kind == Kind::Retry => {
            let promise = before.promises[before.promise_of(sending.lane)?];
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
    })
}

/// Between which instants a retry is due. To the nanosecond, unless the wait before it is not known that well.
fn window(reading: &Reading<'_>, promise: &Promise) -> Option<(u64, u64)> {
    let Cause { lane, number, failed, hint } = promise.cause?;
    let (wait, is_exact) = match hint {
        None => (0, false),
        Some(Hint::AtLeast(span)) => (nanos(span), false),
        Some(Hint::Exactly(span)) => (nanos(span), true),
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
        if let What::Handle(id, Verdict::Retry { sent, hint }, Handled::Counted | Handled::Over) = step.what {
            let hint = hint.filter(|_| record.policy.get_hints());
            let lane = before.sent[id as usize - 1].lane;
            let is_used_up =
                record.policy.get_lane_attempts().is_some_and(|most| before.sends_of(lane) >= u64::from(most));
            let has_attempt_left = after.has_attempt_left() || after.promises.len() > before.promises.len();
            if after.hinted(hint).is_none() {
                let too_long = hint.map(|(Hint::AtLeast(span) | Hint::Exactly(span))| nanos(span));
                if after.promises.len() > before.promises.len() {
                    return Some(format!("the hint of {too_long:?} is too long, and the lane goes on"));
                }
                if after.may_repeat(sent) && !is_used_up && has_attempt_left {
                    largest = largest.max(too_long);
                }
            }
        }
        match step.did()? {
            Did::Send(sending) if sending.kind == Kind::Retry => {
                let promise = before.promises[before.promise_of(sending.lane)?];
                let Cause { failed, hint, .. } = promise.cause?;
                let wait = hint.map_or(0, |(Hint::AtLeast(span) | Hint::Exactly(span))| nanos(span));
                let is_early = after.clock < failed.saturating_add(wait);
                is_early.then(|| format!("the hint of {wait} since {failed} is cut short at {}", after.clock))
            }
            Did::GiveUp(_, _, hint) if is_sure && hint != largest => {
                Some(format!("the largest hint that was too long is {largest:?}, not {hint:?}"))
            }
            _ => None,
        }
    })
}
