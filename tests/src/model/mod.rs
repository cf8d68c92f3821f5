//! The machine a second time, written from the laws alone, slowly and plainly. It is told what a record says was
//! done and what the gate answered; what it then expects must be what the machine did.
//!
//! It keeps nothing but the latest instant and a list of what happened (`history`), and reads that list through for
//! whatever it has to know. It shares no code with the core: it has the names of the core's plain types and what a
//! policy says of itself, and works out everything else, also the delays ([`expected`](crate::expected)) and whether a
//! policy makes sense (`sense`).
//!
//! - `due`: what a poll finds: the deadline, attempt timeouts, promised sends, hedges; else a wait, or the end.
//! - `judge`: what follows from a verdict, and from a failure, in the order of `docs/laws.md`.
//! - `kept`: what a call keeps when it is put away, and what becomes of that when it is taken up again.
//! - `withdraw`: an attempt that was never sent.
//! - `operator`: what an operator changes meanwhile.

mod due;
mod history;
mod judge;
mod kept;
mod operator;
mod sense;
mod tape;
mod withdraw;

use insist_core::{AttemptEnd, Cause, Instant, Kind, Policy, Reason, Repeat, Settled};

use crate::expected::nanos;
use crate::record::{Broken, Counts, Question, Record, Step, Told, What};
use history::{Event, Flight, History, Outcome, Wait};
use tape::Tape;

/// Checks that the machine did what the model expects, step by step.
///
/// # Errors
///
/// The first step where it did not.
pub fn check(record: &Record) -> Result<(), Broken> {
    let mut model = Model::new(record);
    record.find(|_, step| model.follow(step).err())
}

struct Model<'a> {
    policy: &'a Policy,
    seed: u64,
    repeat: Repeat,
    /// For how many lanes there is room.
    room: usize,
    /// Says whether the gate has something to say about hedges.
    is_asked: bool,
    /// When the call began, or began again.
    start: u64,
    /// The latest instant that it was told. Law 13: one before it counts as this.
    clock: u64,
    history: History,
}

impl Wait {
    /// For the first send of a call that begins, or begins again, then.
    const fn first(begun: u64) -> Self {
        let cause = Cause::FIRST;
        Self { lane: 0, begun, due: begun, reserved: None, cause, was_put_off: false, is_held: false }
    }
}

impl<'a> Model<'a> {
    fn new(record: &'a Record) -> Self {
        let policy = &record.policy;
        let start = record.steps.first().map_or(0, |step| step.at.as_nanos());
        let mut history = History::default();
        if sense::makes_sense(policy) && usize::from(policy.get_lanes()) <= record.room {
            history.push(Event::Promised(Wait::first(start)));
        } else {
            history.push(Event::Over(Outcome::GaveUp(Reason::Invalid)));
        }
        let (seed, repeat, room) = (record.seed, record.repeat, record.room);
        let mut asked = record.steps.iter().flat_map(Step::outer);
        let is_asked = asked.any(|asked| matches!(asked.question, Question::HedgeAfter(_)));
        Self { policy, seed, repeat, room, is_asked, start, clock: start, history }
    }

    fn follow(&mut self, step: &Step) -> Result<(), String> {
        let tape = &mut Tape::new(step);
        // A call that is put away is told nothing unless it says that it was.
        if !matches!(step.what, What::Suspend | What::Drop | What::Operate(..) | What::Resume(Err(_))) {
            self.clock = self.clock.max(step.at.as_nanos());
        }
        match step.what {
            What::Start => {}
            What::Poll(did) => {
                let expected = self.poll(tape)?;
                if expected != did {
                    return Err(format!("the laws expect {expected:?}, but it was {did:?}"));
                }
            }
            What::Handle(id, verdict, handled) => {
                let expected = self.handle(id, verdict, tape)?;
                if expected != handled {
                    return Err(format!("the laws expect {expected:?}, but it was {handled:?}"));
                }
            }
            What::Withdraw(id, handled) => {
                let expected = self.withdraw(id, tape)?;
                if expected != handled {
                    return Err(format!("the laws expect {expected:?}, but it was {handled:?}"));
                }
            }
            What::Cancel if self.is_over() => {}
            What::Cancel => self.finish(Outcome::GaveUp(Reason::Cancelled), tape)?,
            What::Suspend | What::Drop => self.release(tape)?,
            What::Operate(operation, done) => {
                let expected = self.operate(operation, step.at.as_nanos(), done);
                if expected != done {
                    return Err(format!("the laws expect {expected:?}, but it was {done:?}"));
                }
            }
            What::Resume(taken) => {
                let expected = self.is_of_this_origin(step.at.as_nanos());
                if expected != taken {
                    return Err(format!("the laws expect {expected:?}, but it was {taken:?}"));
                }
                if taken.is_ok() {
                    self.resume(tape)?;
                }
            }
        }
        tape.end()?;
        if step.is_over != self.is_over() {
            return Err(format!("is_over is {}, the laws say {:?}", step.is_over, self.history.outcome()));
        }
        let of_kind = |kind| self.history.sends_of_kind(kind);
        let counts =
            Counts { attempts: self.history.sends_ever(), retries: of_kind(Kind::Retry), hedges: of_kind(Kind::Hedge) };
        if step.counts != counts {
            return Err(format!("the laws count {counts:?}, but it was {:?}", step.counts));
        }
        let (Some(expected), Some(told)) = (self.tells(step), step.told) else { return Ok(()) };
        // Which instant it is that has come does not matter; at the end of time the last one is never too.
        let due = if self.clock == u64::MAX { expected.due } else { told.due.map(|at| at.max(self.clock)) };
        if expected != (Told { due, ..told }) {
            return Err(format!("the laws expect that it tells {expected:?}, but it was {told:?}"));
        }
        Ok(())
    }

    /// Returns what a call tells of itself, if it is asked.
    fn tells(&self, step: &Step) -> Option<Told> {
        let due = match step.what {
            _ if self.is_over() => None,
            What::Drop => return None,
            What::Suspend | What::Operate(..) | What::Resume(Err(_)) => Some(self.to_be_taken_up()),
            _ => self.next().map(|(at, _)| at),
        };
        let reason = match self.history.outcome() {
            Some(Outcome::GaveUp(reason)) => Some(reason),
            Some(Outcome::Returned) | None => None,
        };
        Some(Told { due: due.map(|at| at.max(self.clock)), reason, deadline: self.deadline() })
    }

    fn is_over(&self) -> bool {
        self.history.outcome().is_some()
    }

    /// Returns how many lanes may open. Law 16: only a call that may always be repeated is raced or hedged.
    fn lanes(&self) -> usize {
        if self.repeat == Repeat::Always { usize::from(self.policy.get_lanes()) } else { 1 }
    }

    /// The sends that lanes were promised, in order of lanes.
    fn waits(&self) -> Vec<Wait> {
        (0..self.lanes()).filter_map(|lane| self.history.wait_of(lane)).collect()
    }

    /// Law 2: what a waiting lane was promised is given to nobody else, nor is what a failure promised a new lane.
    fn has_attempt_left(&self) -> bool {
        let promised = self.waits().len() + self.openings().len();
        let counted = self.history.sends() - self.uncounted(None);
        let taken = u64::from(counted) + promised as u64;
        self.policy.get_attempts().is_none_or(|attempts| taken < u64::from(attempts))
    }

    /// Returns how many attempts of a lane, or of all, were never sent and are not counted.
    fn uncounted(&self, lane: Option<usize>) -> u32 {
        self.history.uncounted(lane, self.policy.get_unsent_attempts().into())
    }

    /// Law 9: a hint is about all later sends of a call, unless each lane has a target of its own.
    fn shares_hints(&self) -> bool {
        self.lanes() > 1 && !self.policy.get_separate_targets()
    }

    /// Returns whether nothing more is sent, since a hint was too long.
    fn is_shut(&self) -> bool {
        self.shares_hints() && self.history.largest_unkept_hint().is_some()
    }

    /// When lanes are to open because of failures.
    fn openings(&self) -> Vec<u64> {
        if self.is_shut() { Vec::new() } else { self.history.openings() }
    }

    /// The last instant that there is stands for never.
    fn deadline(&self) -> Option<u64> {
        if let Some(set) = self.history.new_deadline() {
            return set.filter(|at| *at < u64::MAX);
        }
        let span = nanos(self.policy.get_deadline()?);
        self.start.checked_add(span).filter(|at| *at < u64::MAX)
    }

    fn is_late(&self) -> bool {
        self.deadline().is_some_and(|deadline| self.clock >= deadline)
    }

    fn is_before_the_deadline(&self, at: u64) -> bool {
        at < self.deadline().unwrap_or(u64::MAX)
    }

    /// Law 5: the call gives up only when no lane can go on. A lane that has not opened keeps no call alive (law 10),
    /// unless a race has yet to open it, or a failure promised that it opens.
    fn give_up_if_no_lane_can_go_on(&mut self, tape: &mut Tape<'_>) -> Result<(), String> {
        let goes_on = !self.waits().is_empty()
            || !self.history.in_flight().is_empty()
            || !self.openings().is_empty()
            || (self.is_race() && !self.is_shut() && self.history.opened() < self.lanes() && self.has_attempt_left());
        if self.is_over() || goes_on {
            return Ok(());
        }
        let reason = self.history.last_reason().ok_or("no lane ended, and none can go on")?;
        self.finish(Outcome::GaveUp(reason), tape)
    }

    /// Law 1: the end is decided. Law 12: what was reserved and is not sent is refunded.
    fn finish(&mut self, outcome: Outcome, tape: &mut Tape<'_>) -> Result<(), String> {
        self.history.push(Event::Over(outcome));
        for wait in self.waits() {
            self.refund(wait, tape)?;
            self.history.push(Event::LaneOver { lane: wait.lane, reason: Reason::Cancelled, refusal: None });
        }
        Ok(())
    }

    fn refund(&self, wait: Wait, tape: &mut Tape<'_>) -> Result<(), String> {
        let Some(reserved) = wait.reserved else { return Ok(()) };
        tape.refund(self.clock, wait.cause, Instant::from_nanos(reserved))
    }

    /// Law 3: each attempt ends once. Law 12: and its gate is told so.
    fn end(&mut self, flight: Flight, end: AttemptEnd, tape: &mut Tape<'_>) -> Result<(), String> {
        self.history.push(Event::Ended { id: flight.id, end });
        self.settle(flight, end, tape)
    }

    fn settle(&self, flight: Flight, end: AttemptEnd, tape: &mut Tape<'_>) -> Result<(), String> {
        tape.settle(self.clock, flight.cause, Settled::Ended(end, Instant::from_nanos(flight.at)))
    }
}
