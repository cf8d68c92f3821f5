//! All that the model knows: a list of what happened to the call. Every question is answered by reading it through.

use insist_core::{End, Kind, Reason};

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A lane is to send when a wait is over.
    Promised(Wait),
    /// A failure promised that another lane opens at this instant.
    OpeningPromised(u64),
    /// A lane's gate said: not before this instant.
    Held { lane: usize, until: u64 },
    /// What a lane waits for was reserved anew, for the call was taken up again.
    ReservedAnew { lane: usize, at: u64 },
    /// A lane's send was overdue then, and comes so much later.
    PutOff { lane: usize, at: u64, by: u64 },
    /// An attempt was sent.
    Sent(Flight),
    /// It ended. What the machine cancelled, or lost when it was put away, had no verdict.
    Ended { id: u32, end: End },
    /// A lane goes no further, and why.
    LaneOver { lane: usize, reason: Reason },
    /// The next lane was refused at this instant, and never opens.
    NeverOpens(u64),
    /// A hint was too long.
    Unkept(u64),
    /// The call is over.
    Over(Outcome),
}

/// How a call is over.
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
    pub(super) was_put_off: bool,
}

impl Wait {
    /// How long it is. One that the call slept through by more than it can remember counts as none.
    pub(super) fn length(&self) -> u64 {
        self.due.saturating_sub(self.begun)
    }
}

/// How far back a call that is taken up again remembers when its waits began: a year and 51 days.
const LONGEST: u64 = (1 << 55) - 1;

/// An attempt that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) id: u32,
    pub(super) lane: usize,
    pub(super) kind: Kind,
    pub(super) at: u64,
    /// How long its lane waited for it; 0 for the first of a lane.
    pub(super) waited: u64,
}

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct History(Vec<Event>);

impl History {
    pub(super) fn push(&mut self, event: Event) {
        self.0.push(event);
    }

    /// All that was sent, in order of id.
    pub(super) fn sent(&self) -> impl DoubleEndedIterator<Item = Flight> {
        self.0.iter().filter_map(|event| if let Event::Sent(flight) = event { Some(*flight) } else { None })
    }

    /// How many attempts were sent.
    pub(super) fn sends(&self) -> u32 {
        self.sent().count() as u32
    }

    /// How many attempts of a kind were sent.
    pub(super) fn sends_of_kind(&self, kind: Kind) -> u32 {
        self.sent().filter(|flight| flight.kind == kind).count() as u32
    }

    /// How many attempts a lane sent.
    pub(super) fn sends_of(&self, lane: usize) -> u32 {
        self.sent().filter(|flight| flight.lane == lane).count() as u32
    }

    /// The wait before the last send of a lane.
    pub(super) fn previous_wait_of(&self, lane: usize) -> u64 {
        self.sent().rfind(|flight| flight.lane == lane).map_or(0, |flight| flight.waited)
    }

    /// What was sent and has not ended, in order of id.
    pub(super) fn in_flight(&self) -> Vec<Flight> {
        let has_ended =
            |id: u32| self.0.iter().any(|event| matches!(event, Event::Ended { id: ended, .. } if *ended == id));
        self.sent().filter(|flight| !has_ended(flight.id)).collect()
    }

    /// The send that a lane waits for, if it waits.
    pub(super) fn wait_of(&self, lane: usize) -> Option<Wait> {
        let mut wait = None;
        for event in &self.0 {
            match (*event, &mut wait) {
                (Event::Promised(promised), wait) if promised.lane == lane => *wait = Some(promised),
                (Event::Held { lane: held, until }, Some(wait)) if held == lane => wait.due = until,
                (Event::ReservedAnew { lane: whose, at }, Some(wait)) if whose == lane => {
                    wait.reserved = Some(at);
                    wait.begun = wait.begun.max(at.saturating_sub(LONGEST));
                }
                (Event::PutOff { lane: whose, at, by }, Some(wait)) if whose == lane => {
                    // It counts as long as it was, or as long as it was put off.
                    let longer = wait.length().saturating_sub(by);
                    wait.due = at + by;
                    wait.begun = at - longer.min(LONGEST);
                    wait.was_put_off = true;
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
        let mut openings = Vec::new();
        for event in &self.0 {
            match event {
                Event::OpeningPromised(at) => {
                    openings.push(*at);
                    openings.sort_unstable();
                }
                Event::Sent(Flight { kind: Kind::Hedge, .. }) | Event::NeverOpens(_) if !openings.is_empty() => {
                    openings.remove(0);
                }
                _ => {}
            }
        }
        openings
    }

    /// How many lanes have opened or never will; the next one to open has this number.
    pub(super) fn opened(&self) -> usize {
        let never = self.0.iter().filter(|event| matches!(event, Event::NeverOpens(_))).count();
        1 + self.sends_of_kind(Kind::Hedge) as usize + never
    }

    /// When a lane opened last, or was refused to.
    pub(super) fn last_opening(&self) -> u64 {
        let opening = |event: &Event| match event {
            Event::Sent(Flight { kind: Kind::First | Kind::Hedge, at, .. }) | Event::NeverOpens(at) => Some(*at),
            _ => None,
        };
        self.0.iter().rev().find_map(opening).unwrap_or(0)
    }

    /// Until when a gate holds back a lane that has not opened.
    pub(super) fn held(&self, lane: usize) -> u64 {
        let held = |event: &Event| match event {
            Event::Held { lane: held, until } if *held == lane => Some(*until),
            _ => None,
        };
        self.0.iter().rev().find_map(held).unwrap_or(0)
    }

    /// The attempt that had a verdict last.
    pub(super) fn last_judged(&self) -> Option<u32> {
        self.0.iter().rev().find_map(|event| match event {
            Event::Ended { id, end: End::Accept | End::Stop | End::Retry(_) } => Some(*id),
            _ => None,
        })
    }

    /// The largest hint that was too long.
    pub(super) fn largest_unkept_hint(&self) -> Option<u64> {
        self.0.iter().filter_map(|event| if let Event::Unkept(hint) = event { Some(*hint) } else { None }).max()
    }

    /// Why the lane that ended last did.
    pub(super) fn last_reason(&self) -> Option<Reason> {
        let reason = |event: &Event| if let Event::LaneOver { reason, .. } = event { Some(*reason) } else { None };
        self.0.iter().rev().find_map(reason)
    }

    /// How the call is over, if it is: what decided it first.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.0.iter().find_map(|event| if let Event::Over(outcome) = event { Some(*outcome) } else { None })
    }
}
