//! What is sent, and in which lane: laws 2 and 10.

use insist_core::{Kind, Repeat};

use crate::expected::nanos;
use crate::reading::Reading;
use crate::record::{Broken, Counts, Did, Record, Sending};

/// Ids without gaps, never more sends than allowed, and none that was promised to another.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_2(record: &Record) -> Result<(), Broken> {
    record.walk(|before, step, after| {
        let count = |kind| after.alive().iter().filter(|sending| sending.kind == kind).count() as u32;
        let (retries, hedges) = (count(Kind::Retry), count(Kind::Hedge));
        let counts = Counts { attempts: after.sent.len() as u32, retries, hedges };
        if step.counts != counts {
            return Some(format!("it counts {:?}, and not {counts:?}", step.counts));
        }
        if !step.is_over && after.policy.get_attempts().is_some_and(|most| after.spent() > u64::from(most)) {
            return Some(format!("{} sends are made or promised", after.spent()));
        }
        let Some(Did::Send(sending)) = step.did() else { return None };
        let Sending { id, retry, lane, kind, .. } = sending;
        let policy = record.policy;
        let lanes = usize::from(if record.repeat == Repeat::Always { policy.get_lanes() } else { 1 });
        let first = if lane == 0 { Kind::First } else { Kind::Hedge };
        let is_promised = kind != Kind::Retry || before.promise_of(lane, step.admitted()).is_some();
        let wrong = [
            (id as usize != before.sent.len() + 1, "its id leaves a gap"),
            (usize::from(lane) >= lanes || after.flights.len() > lanes, "more in flight than lanes"),
            (before.flights.iter().any(|flight| flight.sending.lane == lane), "its lane has one in flight"),
            (u64::from(retry) != before.sends_of(lane), "its number in the lane is wrong"),
            (kind != if retry > 0 { Kind::Retry } else { first }, "its kind is wrong"),
            (
                policy.get_lane_attempts().is_some_and(|most| after.sends_of(lane) > u64::from(most)),
                "its lane is used up",
            ),
            (
                policy.get_attempts().is_some_and(|most| after.alive().len() as u64 > u64::from(most)),
                "the call is used up",
            ),
            (!is_promised, "its lane was promised none"),
        ];
        wrong.iter().find(|(is_wrong, _)| *is_wrong).map(|(_, why)| format!("{why}: {sending:?}"))
    })
}

/// Races open at the start; hedges one at a time, when what is in flight is slow.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_10(record: &Record) -> Result<(), Broken> {
    record.walk(|before, step, after| match step.did()? {
        Did::Send(sending) if sending.kind == Kind::Hedge => opens_wrongly(before, sending, after),
        Did::Wait(until, _) if !after.is_over => opens_too_late(until, after),
        _ => None,
    })
}

/// The instant before which no hedge opens, as long as nothing else is sent; `None` while none may open.
fn hedge_at(reading: &Reading<'_>) -> Option<u64> {
    let after = nanos(reading.policy.get_hedge_after());
    if after == 0 {
        return Some(reading.held);
    }
    let since = reading.oldest()?.at.max(reading.last_opening);
    since.checked_add(after).map(|at| at.max(reading.held))
}

fn opens_wrongly(before: &Reading<'_>, sending: Sending, after: &Reading<'_>) -> Option<String> {
    if before.repeat != Repeat::Always {
        return Some("a call that may not always be repeated hedges".into());
    }
    // Lanes that a gate refused in this very poll are passed over.
    if usize::from(sending.lane) + 1 != after.opened {
        return Some(format!("lane {} opens, not lane {}", sending.lane, after.opened - 1));
    }
    let is_due_to_failure = before.openings.first().is_some_and(|at| *at <= after.clock) || !before.is_sure;
    let is_due = hedge_at(before).is_some_and(|at| at <= after.clock);
    (!is_due && !is_due_to_failure).then(|| format!("it opens at {}, not {:?}", after.clock, hedge_at(before)))
}

fn opens_too_late(until: Option<u64>, after: &Reading<'_>) -> Option<String> {
    if !after.is_sure || !after.has_unopened_lane() {
        return None;
    }
    let at = match after.openings.first() {
        Some(at) => Some((*at).max(after.held)),
        None => hedge_at(after).filter(|_| after.has_attempt_left()),
    };
    let at = at.filter(|at| *at < u64::MAX)?;
    if at <= after.clock {
        return Some(format!("a lane was to open at {at}, and it waits at {}", after.clock));
    }
    until.is_none_or(|until| until > at).then(|| format!("a lane is to open at {at}, and it waits until {until:?}"))
}
