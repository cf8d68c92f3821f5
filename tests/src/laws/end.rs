//! How attempts and calls end: laws 1, 3, 4 and 5.

use insist_core::{CancelReason, Handled, Kind, Reason, Verdict};

use crate::reading::Reading;
use crate::record::{Broken, Did, Ending, Operation, Question, Record, Step, What};

/// A call ends exactly once, and its end is given again for ever.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_1(record: &Record) -> Result<(), Broken> {
    record.walk(|before, step, after| {
        let was_alive = !before.is_over;
        match (step.what, before.end) {
            (What::Operate(Operation::Revive, Ok(())), _) if was_gave_up(before) && !step.is_over => None,
            _ if before.is_over && !step.is_over => Some("a call that was over goes on".into()),
            (What::Poll(did), Some(end)) if did != end => Some(format!("it ended with {end:?}, and now with {did:?}")),
            (What::Poll(did), _) if did.is_terminal() && !step.is_over => Some("it ended, and is not over".into()),
            (What::Poll(did @ (Did::Send(_) | Did::Wait(..))), _) if step.is_over => {
                Some(format!("it is over, and does {did:?}"))
            }
            (What::Poll(did), None) if step.is_over && before.flights.is_empty() && !did.is_terminal() => {
                Some("nothing is in flight, and the end does not come".into())
            }
            (What::Handle(_, _, Handled::Over), _) if !(was_alive && step.is_over) => {
                Some("a verdict is said to have ended a call that it did not end".into())
            }
            (What::Handle(_, _, Handled::Retry { .. } | Handled::LaneEnded { .. }), _) if step.is_over => {
                Some("a verdict counted in a call that is over".into())
            }
            (What::Cancel, _) if !after.is_over => Some("it was cancelled, and goes on".into()),
            _ => None,
        }
    })
}

/// A call that was polled to a return does not live again; one that was not may have come to it all the same.
const fn was_gave_up(before: &Reading<'_>) -> bool {
    before.is_over && !matches!(before.end, Some(Did::Return(_)))
}

/// Each sent attempt has exactly one end, and what comes later is said to be late.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_3(record: &Record) -> Result<(), Broken> {
    record.walk(|before, step, after| {
        let is_in_flight = |id: u32| before.flights.iter().any(|flight| flight.sending.id == id);
        match step.what {
            What::Poll(Did::Cancel(id, _)) if !is_in_flight(id) => {
                Some(format!("attempt {id} is cancelled, but not in flight"))
            }
            What::Poll(Did::Cancel(id, reason)) => {
                // A call that went on has timed it out, unless its own time was over in this very poll.
                let was_timed_out = !before.is_over && !after.is_late();
                let expected = if was_timed_out { Some(CancelReason::Timeout) } else { after.losers };
                let is_right = expected == Some(reason);
                (!is_right).then(|| format!("attempt {id} is cancelled as {reason}, and not as {expected:?}"))
            }
            What::Handle(id, _, handled) => {
                let was_sent = before.sent.iter().any(|sending| sending.id == id);
                let is_right = match handled {
                    Handled::Unknown => !was_sent,
                    Handled::Late => was_sent && (before.is_over || !is_in_flight(id)),
                    _ => is_in_flight(id) && !before.is_over,
                };
                if is_right { None } else { Some(format!("a verdict for attempt {id} was {handled:?}")) }
            }
            _ => None,
        }
    })
}

/// All cancels come before the terminal action, and nothing is left in flight.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_4(record: &Record) -> Result<(), Broken> {
    record.walk(|before, step, after| {
        let did = step.did()?;
        if did.is_terminal() && !after.flights.is_empty() {
            return Some(format!("it ended while {:?} were in flight", after.flights));
        }
        (before.end.is_some() && !did.is_terminal()).then(|| format!("{did:?} comes after the end"))
    })
}

/// Success wins, stop ends; else the call gives up only when no lane can go on, and then at once.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_5(record: &Record) -> Result<(), Broken> {
    let mut expected: Option<Did> = None;
    let mut is_stopped = false;
    record.walk(|before, step, after| {
        let ends_now = !before.is_over && step.is_over;
        let is_late = after.is_late();
        match step.what {
            What::Handle(id, Verdict::Accept, Handled::Over) => expected = Some(Did::Return(id)),
            What::Handle(id, Verdict::Stop, Handled::Over) => is_stopped = id > 0,
            What::Operate(Operation::Revive, Ok(())) => is_stopped = false,
            What::Handle(_, Verdict::Accept | Verdict::Stop, Handled::Retry { .. } | Handled::LaneEnded { .. }) => {
                return Some("success or stop did not end the call".into());
            }
            What::Poll(did) if did.is_terminal() && before.end.is_none() => {
                let is_success = matches!(did, Did::Return(_));
                if expected.is_some_and(|expected| expected != did) || (expected.is_none() && is_success) {
                    return Some(format!("{expected:?} was expected, but it was {did:?}"));
                }
                let says_stopped = matches!(did, Did::GiveUp(Ending { reason: Reason::Stopped, .. }));
                if is_stopped != says_stopped {
                    return Some(format!("stopped is {is_stopped}, but it ended with {did:?}"));
                }
            }
            _ => {}
        }
        let is_own_end = match step.what {
            What::Start | What::Suspend | What::Operate(..) | What::Resume(Err(_)) => return None,
            What::Drop | What::Cancel => return None,
            What::Handle(_, Verdict::Accept | Verdict::Stop, _) => return None,
            What::Handle(..) | What::Withdraw(..) => true,
            What::Poll(_) | What::Resume(_) => !is_late,
        };
        if after.is_sure && is_own_end && ends_now && (after.can_go_on() || gives_up_a_promise(before, step, after)) {
            return Some("it gave up, although a lane can go on".into());
        }
        let was_lost = matches!(step.what, What::Poll(_)) && is_late;
        (after.is_sure && !step.is_over && !was_lost && !after.can_go_on())
            .then(|| "no lane can go on, and it does not give up".into())
    })
}

/// Whether a wait that the gate let pass was given up, although the gate did not refuse its send.
fn gives_up_a_promise(before: &Reading<'_>, step: &Step, after: &Reading<'_>) -> bool {
    let count = |is: &dyn Fn(Question) -> bool| step.outer().filter(|asked| is(asked.question)).count();
    let promised = before.promises.len()
        + count(&|question| matches!(question, Question::Reserve(cause, Ok(())) if cause.kind == Kind::Retry));
    let refused = count(
        &|question| matches!(question, Question::Admit(cause, answer) if cause.kind == Kind::Retry && after.refuses(answer)),
    );
    promised > refused
}
