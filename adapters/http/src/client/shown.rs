//! Turns the events of a drop-in's calls into those that its users see.

use insist_core::{Decision, Instant, Judged};

use super::{Client, Event};

/// Returns an event with the client's own result in the place of the driver's outcome, of which it is told how to find it.
/// `None` for decisions that have no meaning to users.
pub fn shown<'a, C: Client, T, E>(
    event: &insist_core::Event<'a, T, E>,
    result: impl Fn(&'a Result<T, E>) -> Option<&'a Result<C::Answer, C::Error>>,
) -> Option<Event<'a, C>> {
    let decision = match event.decision {
        Decision::Action(action) => Decision::Action(action),
        Decision::Withdrawn(withdrawn) => Decision::Withdrawn(withdrawn),
        Decision::Judged(Judged { attempt, outcome, verdict, handled, .. }) => {
            Decision::Judged(Judged::new(attempt, outcome.and_then(result), verdict, handled))
        }
        _ => return None,
    };
    let started = event.at.saturating_since(Instant::ZERO).saturating_sub(event.elapsed);
    Some(Event::<C>::new(Instant::ZERO.checked_add(started)?, event.at, decision))
}
