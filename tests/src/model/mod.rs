//! The machine a second time, written from the laws alone, slowly and plainly. It is told what a record says was
//! done and what the gate answered; what it then expects must be what the machine did.

mod due;
mod judge;
mod tape;

use insist::{End, Handled, Instant, Jitter, Kind, Policy, Reason, Repeat, Sent, Settled, Verdict};

use crate::expected::{delay, nanos};
use crate::record::{Broken, Did, Record, Step, What};
use tape::Tape;

/// Whether the machine did what the model expects, step by step.
///
/// # Errors
///
/// The first step where it did not.
pub fn check(record: &Record) -> Result<(), Broken> {
    let mut model = Model::new(record);
    record.find(|_, step| model.follow(step).err())
}

/// What a terminal action tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Returned,
    GaveUp(Reason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Unopened,
    /// To be opened at this instant, because of a failure.
    Opening(u64),
    /// Promised a send at this instant.
    Waiting(u64),
    InFlight(Flight),
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flight {
    id: u32,
    since: u64,
}

#[derive(Clone, Copy, Debug)]
struct Lane {
    place: Place,
    /// Sends that it made.
    sends: u32,
    /// When its attempt failed, and so its wait began.
    failed: u64,
    /// When its wait was reserved.
    reserved: u64,
    /// The wait before its last send.
    previous: u64,
    /// A gate said: not before this.
    held: u64,
    /// Its wait was overdue when the call was taken up again, and was put off.
    was_put_off: bool,
}

struct Model<'a> {
    policy: &'a Policy,
    seed: u64,
    repeat: Repeat,
    clock: u64,
    deadline: Option<u64>,
    lanes: Vec<Lane>,
    /// Lanes that opened or never will; they open in order.
    opened: usize,
    last_opening: u64,
    sent: u32,
    last: u32,
    hint: u64,
    reason: Reason,
    outcome: Option<Outcome>,
}

impl<'a> Model<'a> {
    fn new(record: &'a Record) -> Self {
        let policy = &record.policy;
        let start = record.steps.first().map_or(0, |step| step.at.as_nanos());
        let fits = policy.validate().is_ok() && usize::from(policy.get_lanes()) <= record.room;
        let unopened =
            Lane { place: Place::Unopened, sends: 0, failed: 0, reserved: 0, previous: 0, held: 0, was_put_off: false };
        let mut lanes = vec![unopened; usize::from(policy.get_lanes()).max(1)];
        lanes[0].place = Place::Waiting(start);
        Self {
            policy,
            seed: record.seed,
            repeat: record.repeat,
            clock: start,
            deadline: policy.get_deadline().and_then(|span| start.checked_add(nanos(span))).filter(|at| *at < u64::MAX),
            lanes,
            opened: 1,
            last_opening: 0,
            sent: 0,
            last: 0,
            hint: 0,
            reason: Reason::Invalid,
            outcome: if fits { None } else { Some(Outcome::GaveUp(Reason::Invalid)) },
        }
    }

    fn follow(&mut self, step: &Step) -> Result<(), String> {
        let tape = &mut Tape::new(step);
        if !matches!(step.what, What::Suspend | What::Drop) {
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
            What::Cancel if self.outcome.is_none() => self.finish(Outcome::GaveUp(Reason::Cancelled), tape)?,
            What::Cancel => {}
            What::Suspend | What::Drop => self.release(tape)?,
            What::Resume => self.resume(tape)?,
        }
        tape.end()?;
        if step.is_over != self.outcome.is_some() {
            return Err(format!("is_over is {}, the laws say {:?}", step.is_over, self.outcome));
        }
        if step.counts.attempts != self.sent {
            return Err(format!("{} were sent, and it counts {:?}", self.sent, step.counts));
        }
        Ok(())
    }

    fn handle(&mut self, id: u32, verdict: Verdict, tape: &mut Tape<'_>) -> Result<Handled, String> {
        if id == 0 || id > self.sent {
            return Ok(Handled::Unknown);
        }
        let Some(index) = self.flight_of(id).filter(|_| self.outcome.is_none()) else {
            return Ok(Handled::Late);
        };
        self.last = id;
        match verdict {
            Verdict::Accept => {
                self.end(index, End::Accept, tape)?;
                self.finish(Outcome::Returned, tape)?;
            }
            Verdict::Stop => {
                self.end(index, End::Stop, tape)?;
                self.finish(Outcome::GaveUp(Reason::Stopped), tape)?;
            }
            Verdict::Retry { sent, hint } => {
                self.end(index, End::Retry(sent), tape)?;
                self.fail(index, sent, hint, tape)?;
                self.give_up_if_no_lane_can_go_on(tape)?;
            }
        }
        Ok(if self.outcome.is_some() { Handled::Over } else { Handled::Counted })
    }

    fn resume(&mut self, tape: &mut Tape<'_>) -> Result<(), String> {
        if self.outcome.is_none() && self.is_late() {
            self.outcome = Some(Outcome::GaveUp(Reason::Deadline));
        }
        if self.outcome.is_some() {
            self.lanes.iter_mut().for_each(|lane| lane.place = Place::Ended);
            return Ok(());
        }
        for index in 0..self.lanes.len() {
            let lane = &mut self.lanes[index];
            if matches!(lane.place, Place::Waiting(_)) && lane.sends > 0 {
                lane.reserved = self.clock;
                if tape.reserve(self.clock, Kind::Retry)? {
                    self.put_off(index);
                } else {
                    lane.place = Place::Ended;
                    self.reason = Reason::Refused;
                }
            }
        }
        // By id; none of them ends the call before all are judged.
        while let Some((index, _)) = self.oldest(|_| true) {
            self.lanes[index].place = Place::Ended;
            self.fail(index, Sent::Maybe, None, tape)?;
        }
        self.give_up_if_no_lane_can_go_on(tape)
    }

    /// An overdue retry comes by a new delay later, but not by more than it is late, and before the deadline.
    fn put_off(&mut self, index: usize) {
        let Lane { place: Place::Waiting(due), was_put_off: false, .. } = self.lanes[index] else { return };
        if due >= self.clock || self.clock == u64::MAX || self.policy.get_jitter() == Jitter::None {
            return;
        }
        let waited = due - self.lanes[index].failed;
        let seed = self.seed.wrapping_add(0xd134_2543_de82_ef95 << 40);
        let number = self.lanes[index].sends;
        let Some(drawn) = delay(self.policy, seed, index as u8, number, waited) else { return };
        let left = self.deadline.unwrap_or(u64::MAX) - self.clock;
        let most = (self.clock - due).min(left.saturating_sub(1));
        let span = drawn % (most + 1);
        let lane = &mut self.lanes[index];
        lane.place = Place::Waiting(self.clock + span);
        lane.failed = self.clock + span - waited.max(span);
        lane.was_put_off = true;
    }

    fn flight_of(&self, id: u32) -> Option<usize> {
        self.lanes.iter().position(|lane| matches!(lane.place, Place::InFlight(flight) if flight.id == id))
    }

    fn oldest(&self, is: impl Fn(&Flight) -> bool) -> Option<(usize, Flight)> {
        let flights = self.lanes.iter().enumerate().filter_map(|(index, lane)| match lane.place {
            Place::InFlight(flight) => Some((index, flight)),
            _ => None,
        });
        flights.filter(|(_, flight)| is(flight)).min_by_key(|(_, flight)| flight.id)
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.clock >= deadline)
    }

    fn is_before_the_deadline(&self, at: u64) -> bool {
        at < self.deadline.unwrap_or(u64::MAX)
    }

    fn kind(&self, index: usize) -> Kind {
        match (self.lanes[index].sends, index) {
            (0, 0) => Kind::First,
            (0, _) => Kind::Hedge,
            _ => Kind::Retry,
        }
    }

    fn end(&mut self, index: usize, end: End, tape: &mut Tape<'_>) -> Result<(), String> {
        let Place::InFlight(Flight { since, .. }) = self.lanes[index].place else {
            return Err("the model ends what is not in flight".into());
        };
        let kind = if self.lanes[index].sends > 1 {
            Kind::Retry
        } else if index == 0 {
            Kind::First
        } else {
            Kind::Hedge
        };
        self.lanes[index].place = Place::Ended;
        let span = core::time::Duration::from_nanos(self.clock - since);
        tape.settle(self.clock, kind, Settled::Ended(end, span))
    }

    /// Decides the end: what waits is given up and refunded.
    fn finish(&mut self, outcome: Outcome, tape: &mut Tape<'_>) -> Result<(), String> {
        self.outcome = Some(outcome);
        for index in 0..self.lanes.len() {
            if matches!(self.lanes[index].place, Place::Waiting(_)) {
                self.give_up_wait(index, tape)?;
            }
        }
        Ok(())
    }

    fn give_up_wait(&mut self, index: usize, tape: &mut Tape<'_>) -> Result<(), String> {
        self.lanes[index].place = Place::Ended;
        self.refund(index, tape)
    }

    fn refund(&self, index: usize, tape: &mut Tape<'_>) -> Result<(), String> {
        let Lane { sends, reserved, .. } = self.lanes[index];
        if sends > 0 { tape.refund(self.clock, Kind::Retry, Instant::from_nanos(reserved)) } else { Ok(()) }
    }

    /// Gives back whatever is open, and keeps the places, so that the call can be taken up again.
    fn release(&mut self, tape: &mut Tape<'_>) -> Result<(), String> {
        for index in 0..self.lanes.len() {
            match self.lanes[index].place {
                Place::Waiting(_) => self.refund(index, tape)?,
                Place::InFlight(flight) => {
                    self.end(index, End::Cancelled, tape)?;
                    self.lanes[index].place = Place::InFlight(flight);
                }
                Place::Unopened | Place::Opening(_) | Place::Ended => {}
            }
        }
        Ok(())
    }

    /// The cancels, oldest first; then the end.
    fn conclude(&mut self, outcome: Outcome, tape: &mut Tape<'_>) -> Result<Did, String> {
        if let Some((index, flight)) = self.oldest(|_| true) {
            self.end(index, End::Cancelled, tape)?;
            return Ok(Did::Cancel(flight.id));
        }
        Ok(match outcome {
            Outcome::Returned => Did::Return(self.last),
            Outcome::GaveUp(reason) => {
                Did::GiveUp(reason, Some(self.last).filter(|id| *id > 0), Some(self.hint).filter(|hint| *hint > 0))
            }
        })
    }
}
