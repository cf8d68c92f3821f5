//! Plays a call in virtual time with outcomes that a function computes. It needs no allocator.

use core::time::Duration;

use crate::action::Action;
use crate::attempt::Attempt;
use crate::call::Call;
use crate::gate::Gate;
use crate::policy::AsPolicy;
use crate::time::Instant;
use crate::verdict::Verdict;

/// The most actions that are played: a call without a limit of attempts may have billions before its deadline.
pub(crate) const LONGEST: usize = 1_000_000;

/// The end of a call that was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Played {
    /// The call ended with this terminal action.
    Ended(Action),
    /// The call waits for an outcome that never comes, and has no timeout or deadline.
    Stuck,
    /// The call goes on, but is cut after 1,000,000 actions.
    Cut,
}

impl<P: AsPolicy, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Plays the call in virtual time from the instant at which it was made, and hands each action to `on_action`.
    ///
    /// `outcome` is asked at each send, at its instant: how long after it the attempt ends, and with which verdict;
    /// `None` if it never does. All that is due at an instant is done before the outcomes of that instant are handed
    /// in, by id.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Action, Call, Instant, Played, Policy, Verdict};
    ///
    /// let policy = Policy::constant(Duration::from_millis(100)).attempts(9);
    /// let outage_ends = Instant::from_nanos(250_000_000);
    ///
    /// let mut sends = 0;
    /// let played = Call::new(&policy, &(), Instant::ZERO, 7).play(
    ///     |_, now| Some((Duration::ZERO, if now < outage_ends { Verdict::retry() } else { Verdict::Accept })),
    ///     |_, action| sends += u32::from(matches!(action, Action::Send(_))),
    /// );
    /// assert_eq!(played, Played::Ended(Action::Return(4)));
    /// assert_eq!(sends, 4);
    /// ```
    pub fn play(
        &mut self,
        mut outcome: impl FnMut(Attempt, Instant) -> Option<(Duration, Verdict)>,
        mut on_action: impl FnMut(Instant, Action),
    ) -> Played {
        let mut now = self.state().clock();
        let mut in_flight = [None::<InFlight>; LANES];
        for _ in 0..LONGEST {
            let action = self.poll(now);
            on_action(now, action);
            match action {
                Action::Send(attempt) => {
                    let answer = outcome(attempt, now);
                    let ends = answer.and_then(|(after, verdict)| Some((now.checked_add(after)?, verdict)));
                    in_flight[usize::from(attempt.lane)] =
                        ends.map(|(at, verdict)| InFlight { at, id: attempt.id, verdict });
                }
                Action::Cancel { attempt, .. } => {
                    for slot in &mut in_flight {
                        slot.take_if(|slot| slot.id == attempt);
                    }
                }
                Action::Wait { until, .. } => {
                    let next = in_flight.iter().flatten().map(|slot| slot.at).chain(until).min();
                    let Some(next) = next else { return Played::Stuck };
                    now = next;
                    // Outcomes of one instant are handed in by id.
                    while let Some(slot) =
                        in_flight.iter_mut().filter(|slot| is_due(slot, now)).min_by_key(|slot| id(slot))
                    {
                        if let Some(InFlight { id, verdict, .. }) = slot.take() {
                            self.handle(now, id, verdict);
                        }
                    }
                }
                Action::Return(_) | Action::GiveUp(_) => return Played::Ended(action),
            }
        }
        Played::Cut
    }
}

/// An attempt that will have an outcome.
#[derive(Clone, Copy)]
struct InFlight {
    at: Instant,
    id: u32,
    verdict: Verdict,
}

fn is_due(slot: &Option<InFlight>, now: Instant) -> bool {
    slot.is_some_and(|slot| slot.at <= now)
}

fn id(slot: &Option<InFlight>) -> u32 {
    slot.map_or(0, |slot| slot.id)
}
