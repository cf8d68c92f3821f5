//! What the clock does to a call: laws 7 and 13; and that one step asks a gate a bounded number of questions, law 15.

use insist_core::{CancelReason, Instant};

use crate::expected::nanos;
use crate::record::{Broken, Did, Record};

/// An attempt has its timeout, or what is left of the deadline; it is cancelled when it has had its timeout.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_7(record: &Record) -> Result<(), Broken> {
    let limit = record.policy.get_attempt_timeout().map(nanos);
    record.walk(|before, step, after| {
        let ends_at = |at: u64| limit.and_then(|limit| at.checked_add(limit));
        match step.did()? {
            Did::Send(sending) => {
                let left = match after.deadline {
                    Some(deadline) if deadline <= after.clock => return Some("it sends when no time is left".into()),
                    Some(deadline) => Some(deadline - after.clock),
                    None => None,
                };
                let least = limit.into_iter().chain(left).min();
                (sending.timeout != least).then(|| format!("its timeout is {:?}, not {least:?}", sending.timeout))
            }
            Did::Cancel(id, CancelReason::Timeout) => {
                let flight = before.flights.iter().find(|flight| flight.sending.id == id)?;
                let is_due = ends_at(flight.at).is_some_and(|end| end <= after.clock);
                (!is_due).then(|| format!("attempt {id} is cancelled before its time, at {}", after.clock))
            }
            Did::Wait(..) => {
                let late = after.flights.iter().find(|flight| ends_at(flight.at).is_some_and(|end| end <= after.clock));
                late.map(|flight| format!("attempt {} has had its time, and goes on", flight.sending.id))
            }
            _ => None,
        }
    })
}

/// Time stands still rather than going back: so the gate sees it.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_13(record: &Record) -> Result<(), Broken> {
    record.walk(|_, step, after| {
        let clock = Instant::from_nanos(after.clock);
        let asked = step.asked.iter().find(|asked| asked.now != clock)?;
        Some(format!("it is {clock}, and the gate is told {}", asked.now))
    })
}

/// No step asks a gate more often than it has lanes: a reserve, an admit, and what undoes them, of each.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_15(record: &Record) -> Result<(), Broken> {
    record.find(|_, step| {
        let asked = step.outer().count();
        let lanes = usize::from(record.policy.get_lanes());
        (asked > 8 * lanes + 8).then(|| format!("the gate is asked {asked} times"))
    })
}
