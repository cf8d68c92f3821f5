//! All that the model knows: a list of what happened to the call. Every question is answered by reading it through.

use std::collections::BTreeMap;

use insist_core::{AttemptEnd, Cause, Failure, Hint, Kind, Reason, Refusal, Sent};

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A lane is to send when a wait is over.
    Promised(Wait),
    /// A failure promised that another lane opens at this instant.
    OpeningPromised(u64),
    /// A lane's gate said: not before this instant.
    Held { lane: usize, until: u64 },
    /// Says that what a lane waits for was reserved anew, for the call was taken up again.
    ReservedAnew { lane: usize, at: u64 },
    /// A lane's send was overdue then, and comes so much later.
    PutOff { lane: usize, at: u64, by: u64 },
    /// An operator wants everything that is promised sent by now.
    Hastened(u64),
    /// An operator had the call begin again then, with the numbers of its attempts going on.
    Revived(u64),
    /// An operator wants the call to end by another instant, or by none.
    NewDeadline(Option<u64>),
    /// The call was taken up again. What gates said before is forgotten.
    Resumed,
    /// An attempt was sent.
    Sent(Flight),
    /// It was never sent after all, and was taken back.
    Withdrawn(u32),
    /// A gate said after how long a hedge is worth while, from the policy's word if it left it to that; `None` is never.
    HedgeDelay(Option<u64>),
    /// It ended. What the machine cancelled, or lost when it was put away, had no verdict.
    Ended { id: u32, end: AttemptEnd },
    /// A lane goes no further, why, and what a gate said if one refused.
    LaneOver { lane: usize, reason: Reason, refusal: Option<Refusal> },
    /// The next lane was refused at this instant, and never opens.
    NeverOpens(u64),
    /// A hint was too long.
    Unkept(u64),
    /// A hint holds up the sends of the other lanes: those that are promised until then, and those to come until the
    /// millisecond above.
    HintHolds { lane: usize, until: u64, whole: u64 },
    /// The call is over.
    Over(Outcome),
}

/// Says how a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Returned,
    GaveUp(Reason),
}

/// A send that a lane was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) lane: usize,
    /// When the wait began.
    pub(super) begun: u64,
    pub(super) due: u64,
    /// When a gate reserved it; a first send needs no reservation.
    pub(super) reserved: Option<u64>,
    /// Holds what it is for.
    pub(super) cause: Cause,
    pub(super) was_put_off: bool,
    /// A gate said when it is due.
    pub(super) is_held: bool,
}

impl Wait {
    /// Returns how long it is; one that was hastened is as short as that made it.
    pub(super) fn length(&self) -> u64 {
        self.due.saturating_sub(self.begun)
    }
}

/// An attempt that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) id: u32,
    pub(super) lane: usize,
    pub(super) cause: Cause,
    pub(super) at: u64,
    /// Says how long its lane waited for it; 0 for the first of a lane.
    pub(super) waited: u64,
    /// When a gate reserved it; the call's first send needs no reservation.
    pub(super) reserved: Option<u64>,
}

/// Holds what happened, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct History(Vec<Event>);

impl History {
    pub(super) fn push(&mut self, event: Event) {
        self.0.push(event);
    }

    /// Returns what happened since the call began, or began again.
    fn life(&self) -> &[Event] {
        let revived = self.0.iter().rposition(|event| matches!(event, Event::Revived(_)));
        &self.0[revived.unwrap_or(0)..]
    }

    /// The deadline that an operator has set since, if one has.
    pub(super) fn new_deadline(&self) -> Option<Option<u64>> {
        let set = |event: &Event| if let Event::NewDeadline(at) = event { Some(*at) } else { None };
        self.life().iter().rev().find_map(set)
    }

    /// All that was begun in this life, in order of id.
    fn begun(&self) -> impl DoubleEndedIterator<Item = Flight> {
        begun(self.life())
    }

    /// All that was sent in this life and not withdrawn, in order of id.
    pub(super) fn sent(&self) -> impl DoubleEndedIterator<Item = Flight> {
        self.begun().filter(|flight| !self.0.contains(&Event::Withdrawn(flight.id)))
    }

    /// Returns how many attempts were withdrawn in this life.
    pub(super) fn withdrawn(&self) -> u32 {
        self.begun().count() as u32 - self.sends()
    }

    /// Returns how many attempts were sent in this life.
    pub(super) fn sends(&self) -> u32 {
        self.sent().count() as u32
    }

    /// The number of the latest attempt.
    pub(super) fn newest(&self) -> u32 {
        begun(&self.0).count() as u32
    }

    /// Returns how many attempts count as sent: of those before this life all.
    pub(super) fn sends_ever(&self) -> u32 {
        self.newest() - self.withdrawn()
    }

    /// Returns whether every attempt that was ever sent certainly did not reach the server.
    pub(super) fn reached_nobody(&self) -> bool {
        let is_unsent = |event: &Event| match event {
            Event::Ended { end: AttemptEnd::Retry(failure), .. } => failure.sent == insist_core::Sent::No,
            Event::Ended { .. } => false,
            _ => true,
        };
        self.0.iter().all(is_unsent) && self.in_flight().is_empty()
    }

    /// Returns how many attempts of a kind were sent.
    pub(super) fn sends_of_kind(&self, kind: Kind) -> u32 {
        self.sent().filter(|flight| flight.cause.kind == kind).count() as u32
    }

    /// Returns how many attempts a lane sent.
    pub(super) fn sends_of(&self, lane: usize) -> u32 {
        self.sent().filter(|flight| flight.lane == lane).count() as u32
    }

    /// The wait before the last send of a lane.
    pub(super) fn previous_wait_of(&self, lane: usize) -> u64 {
        self.sent().rfind(|flight| flight.lane == lane).map_or(0, |flight| flight.waited)
    }

    /// Returns what was sent and has not ended, in order of id.
    pub(super) fn in_flight(&self) -> Vec<Flight> {
        let has_ended =
            |id: u32| self.life().iter().any(|event| matches!(event, Event::Ended { id: ended, .. } if *ended == id));
        self.sent().filter(|flight| !has_ended(flight.id)).collect()
    }

    /// The send that a lane waits for, if it waits.
    pub(super) fn wait_of(&self, lane: usize) -> Option<Wait> {
        let mut wait = None;
        for event in self.life() {
            match (*event, &mut wait) {
                (Event::Promised(promised), wait) if promised.lane == lane => *wait = Some(promised),
                (Event::Held { lane: held, until }, Some(wait)) if held == lane => {
                    (wait.due, wait.is_held) = (until, true);
                }
                (Event::ReservedAnew { lane: whose, at }, Some(wait)) if whose == lane => wait.reserved = Some(at),
                (Event::PutOff { lane: whose, at, by }, Some(wait)) if whose == lane => {
                    // It counts as long as it was, or as long as it was put off.
                    let length = wait.length().max(by);
                    wait.due = at + by;
                    wait.begun = wait.due - length;
                    (wait.was_put_off, wait.is_held) = (true, false);
                }
                (Event::Hastened(at), Some(wait)) if wait.due > at => (wait.due, wait.is_held) = (at, false),
                (Event::HintHolds { lane: whose, until, .. }, Some(wait)) if whose != lane => {
                    wait.due = wait.due.max(until);
                }
                (Event::Sent(flight), wait) if flight.lane == lane => *wait = None,
                (Event::LaneOver { lane: over, .. }, wait) if over == lane => *wait = None,
                _ => {}
            }
        }
        wait
    }

    /// When lanes are to open because of failures, and have not yet. They open in order, so the earliest comes first.
    pub(super) fn openings(&self) -> Vec<u64> {
        let (mut openings, mut opened) = (Vec::new(), 1);
        for event in self.life() {
            let was_open = opened;
            opened = opened_by(opened, event);
            match event {
                Event::OpeningPromised(at) => {
                    openings.push(*at);
                    openings.sort_unstable();
                }
                _ if opened > was_open && !openings.is_empty() => _ = openings.remove(0),
                Event::Hastened(now) => openings.iter_mut().for_each(|at| *at = (*at).min(*now)),
                Event::HintHolds { until, .. } => openings.iter_mut().for_each(|at| *at = (*at).max(*until)),
                _ => {}
            }
        }
        openings
    }

    /// Returns how many lanes have opened or never will; the next one to open has this number.
    pub(super) fn opened(&self) -> usize {
        self.life().iter().fold(1, opened_by)
    }

    /// After how long the next lane opens, as was said last; `None` is never.
    pub(super) fn hedge_delay(&self) -> Option<u64> {
        let said = |event: &Event| if let Event::HedgeDelay(delay) = event { Some(*delay) } else { None };
        self.life().iter().rev().find_map(said).flatten()
    }

    /// When the lane that opened last made its first send, or was refused to.
    pub(super) fn last_opening(&self) -> u64 {
        let (mut opened, mut last) = (1, 0);
        for event in self.life() {
            opened = opened_by(opened, event);
            match event {
                Event::Sent(Flight { cause: Cause::FIRST | Cause::HEDGE, at, lane, .. }) if lane + 1 == opened => {
                    last = *at;
                }
                Event::NeverOpens(at) => last = *at,
                _ => {}
            }
        }
        last
    }

    /// Until when a gate or a hint holds back a lane that has not opened.
    pub(super) fn held(&self, lane: usize) -> u64 {
        self.life().iter().fold(0, |held, event| match event {
            Event::Held { lane: whose, until } if *whose == lane => *until,
            Event::HintHolds { until, .. } => held.max(*until),
            Event::Hastened(now) => held.min(*now),
            _ => held,
        })
    }

    /// Until when hints hold up what is yet to be promised. A hint has passed once its own lane sends, or an operator hastens
    /// the call.
    pub(super) fn held_by_hints(&self) -> u64 {
        let mut held = BTreeMap::new();
        for event in self.life() {
            match event {
                Event::HintHolds { lane, whole, .. } => _ = held.insert(*lane, *whole),
                Event::Sent(flight) => _ = held.remove(&flight.lane),
                Event::Hastened(_) => held.clear(),
                _ => {}
            }
        }
        held.into_values().max().unwrap_or(0)
    }

    /// The failures of a lane's attempts, or of all lanes, with the number of sends that the lane had made by then.
    fn failures(&self, lane: Option<usize>) -> Vec<(usize, u32, Failure)> {
        let (mut sends, mut failures) = (BTreeMap::new(), Vec::new());
        let sent: Vec<_> = self.sent().collect();
        for event in self.life() {
            match event {
                Event::Sent(flight) if sent.contains(flight) => *sends.entry(flight.lane).or_insert(0) += 1,
                Event::Ended { id, end: AttemptEnd::Retry(failure) } => {
                    if let Some(flight) = sent.iter().find(|flight| flight.id == *id) {
                        failures.push((flight.lane, sends[&flight.lane], *failure));
                    }
                }
                _ => {}
            }
        }
        failures.retain(|(whose, ..)| lane.is_none_or(|lane| lane == *whose));
        failures
    }

    /// Of the attempts that were never sent, the first so many are not counted. How many of a lane, or of all, are not.
    pub(super) fn uncounted(&self, lane: Option<usize>, most: u32) -> u32 {
        let unsent = self.failures(None).into_iter().filter(|(_, _, failure)| failure.sent == Sent::No);
        let left_out = unsent.take(most as usize).filter(|(whose, ..)| lane.is_none_or(|lane| lane == *whose));
        left_out.count() as u32
    }

    /// The retry of a lane after which its backoff began anew: with the retry that waited for the last hint, or after it if
    /// that waited for nothing but the hint.
    pub(super) fn restart(&self, lane: usize) -> u32 {
        let hinted = self.failures(Some(lane)).into_iter().rev().find(|(_, _, failure)| failure.hint.is_some());
        hinted.map_or(0, |(_, sends, failure)| match failure.hint {
            Some(Hint::Exactly(_)) => sends,
            _ => sends - 1,
        })
    }

    /// The attempt that had a verdict last.
    pub(super) fn last_judged(&self) -> Option<u32> {
        self.0.iter().rev().find_map(|event| match event {
            Event::Ended { id, end: AttemptEnd::Accept | AttemptEnd::Stop | AttemptEnd::Retry(_) } => Some(*id),
            _ => None,
        })
    }

    /// The largest hint that was too long.
    pub(super) fn largest_unkept_hint(&self) -> Option<u64> {
        self.life().iter().filter_map(|event| if let Event::Unkept(hint) = event { Some(*hint) } else { None }).max()
    }

    /// Returns why the lane that ended last did.
    pub(super) fn last_reason(&self) -> Option<Reason> {
        let reason = |event: &Event| if let Event::LaneOver { reason, .. } = event { Some(*reason) } else { None };
        self.life().iter().rev().find_map(reason)
    }

    /// Returns what the gate said that ended the last lane, if it was asked since the call was last taken up.
    pub(super) fn last_refusal(&self) -> Option<Refusal> {
        let mut recent = self.life().iter().rev().take_while(|event| !matches!(event, Event::Resumed));
        let said = |event: &Event| if let Event::LaneOver { refusal, .. } = event { Some(*refusal) } else { None };
        recent.find_map(said).flatten()
    }

    /// Returns how the call is over, if it is: what decided it first.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.life().iter().find_map(|event| if let Event::Over(outcome) = event { Some(*outcome) } else { None })
    }
}

/// Returns how many lanes have opened after this, or never will, if so many had before it.
fn opened_by(opened: usize, event: &Event) -> usize {
    match event {
        Event::Sent(flight) => opened.max(flight.lane + 1),
        Event::NeverOpens(_) => opened + 1,
        _ => opened,
    }
}

fn begun(events: &[Event]) -> impl DoubleEndedIterator<Item = Flight> {
    events.iter().filter_map(|event| if let Event::Sent(flight) = event { Some(*flight) } else { None })
}
