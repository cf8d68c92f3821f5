//! Checks whether a state makes sense, by itself and with a policy, and says what is wrong with it.

use core::fmt;

use super::lane::Lane;
use super::state::{NEVER, Phase, State};
use crate::action::Reason;
use crate::attempt::{Failed, Hinted, Why};
use crate::policy::{AsPolicy, PolicyError};
use crate::time::Instant;
use crate::verdict::Repeat;

/// Ids end at `u32::MAX`; a call that has so few left does not go on.
const MOST_SENT: u32 = u32::MAX - (1 << 20);

impl<const LANES: usize> State<LANES> {
    /// Checks whether a call can go on from here with this policy.
    ///
    /// The policy need not be the one that the call started with. With fewer attempts than were sent already, the call
    /// gives up for want of attempts, which is no error. One that has ended fits any policy.
    ///
    /// # Errors
    ///
    /// The policy is invalid, has more lanes than the state has room for, or fewer than were opened.
    pub fn fits<P: AsPolicy + ?Sized>(&self, policy: &P) -> Result<(), StateError> {
        let policy = policy.as_policy();
        if self.phase != Phase::Running {
            return Ok(());
        }
        policy.validate().map_err(StateError::Policy)?;
        let lanes = policy.get_lanes();
        if usize::from(lanes) > LANES {
            return Err(StateError::Room { lanes: lanes.into(), room: LANES });
        }
        if self.opened > lanes {
            return Err(StateError::Opened { opened: self.opened, lanes });
        }
        Ok(())
    }

    /// Checks that some call could have come to this state. Everything that is read passes here.
    pub(super) fn check(&self) -> Result<(), StateError> {
        let is_running = self.phase == Phase::Running;
        let ids = || self.lanes.iter().map(Lane::attempt).filter(|id| *id > 0);
        let sends = self.lanes.iter().map(|lane| u64::from(lane.sends())).sum::<u64>();
        let why = if self.last > self.sent {
            "an attempt had a verdict, and was never sent"
        } else if self.forgiven > self.sent {
            "it was revived after more attempts than were sent"
        } else if self.sent > MOST_SENT {
            "it has next to no numbers left for attempts"
        } else if sends > u64::from(self.sent - self.forgiven) {
            "its lanes sent more attempts than the call did"
        } else if ids().any(|id| id > self.sent || id <= self.forgiven) {
            "a lane sent an attempt that the call did not"
        } else if self.withdrawn() == 0 && ids().max().unwrap_or(self.forgiven) != self.sent {
            "no lane sent the newest attempt"
        } else if self.phase == Phase::Returned && (self.last == 0 || !ids().any(|id| id == self.last)) {
            "it returned the result of an attempt that no lane sent last"
        } else if self.phase == Phase::Returned && self.reason != Reason::Stopped {
            "it returned a result, and says why it gave up"
        } else if self.opened == 0 || (is_running && usize::from(self.opened) > LANES) {
            "its number of opened lanes makes no sense"
        } else if is_running && !self.opens_in_order() {
            "its lanes are not to open in their order"
        } else {
            let wrong = (0..LANES).find_map(|index| self.problem_of(index).map(|why| (index, why)));
            return wrong.map_or(Ok(()), |(index, why)| Err(StateError::Lane { lane: index as u32, why }));
        };
        Err(StateError::Call { why })
    }

    fn problem_of(&self, index: usize) -> Option<&'static str> {
        let lane = &self.lanes[index];
        let is_running = self.phase == Phase::Running;
        let is_past = |at: u64| at <= self.clock;
        // A call that is over may be given any deadline.
        let is_in_time = |at: u64| at < self.deadline || !is_running;
        let is_opened = index < usize::from(self.opened);
        let is_before = |other: &Lane| other.attempt() == lane.attempt() && lane.attempt() > 0;
        if self.lanes[..index].iter().any(is_before) {
            return Some("it has the attempt of another lane");
        }
        if index > 0 && self.repeat != Repeat::Always && lane.attempt() > 0 {
            return Some("it sent, although the call may not be raced");
        }
        if self.repeat == Repeat::Never && lane.retry() > 0 {
            return Some("it retried, although the call may not be repeated");
        }
        if is_running && is_opened == (lane.is_unopened() || lane.is_opening()) {
            return Some("whether it has opened is not clear");
        }
        match *lane {
            Lane::Unopened { since, not_before } => {
                let is_kept = not_before == 0 || is_in_time(not_before);
                if is_kept && is_past(since) { None } else { Some("it opens at no time that makes sense") }
            }
            Lane::Opening { due, not_before } => {
                let is_kept = not_before == 0 || is_in_time(not_before);
                if !is_kept || !is_in_time(due) {
                    Some("it opens at no time that makes sense")
                } else if self.repeat != Repeat::Always {
                    Some("it is to open, although the call may not be raced")
                } else {
                    None
                }
            }
            Lane::Waiting { .. } if !is_running => Some("it waits, although the call is over"),
            Lane::Waiting { retry: 0, attempt, .. } if attempt > 0 || (index > 0 && self.withdrawn() == 0) => {
                Some("it waits for a first send again")
            }
            Lane::Waiting { retry: 1.., attempt: 0, .. } => Some("it waits for a retry, and has never sent"),
            Lane::Waiting { began, .. } if !is_past(began) => Some("its wait has not begun"),
            Lane::Waiting { due, retry, .. } if !is_in_time(due) && (retry > 0 || !is_past(due)) => {
                Some("it waits for a send after the deadline")
            }
            Lane::InFlight { attempt: 0, .. } => Some("it has in flight what was never sent"),
            Lane::InFlight { sent, .. } if !is_past(sent) => Some("it has in flight what was not sent yet"),
            Lane::Waiting { retry, why, hint_or_restart, .. } | Lane::InFlight { retry, why, hint_or_restart, .. }
                if !why.fits(retry, hint_or_restart) =>
            {
                Some("it follows no failure that makes sense")
            }
            Lane::Waiting { due_by, why, .. } if due_by.is_hint() && why.hinted() == Hinted::No => {
                Some("it waits for a hint that it was not given")
            }
            Lane::InFlight { retry: 0, waited: 1.., .. } => Some("it has waited, and it is no retry"),
            lane if u32::from(lane.unsent()) > lane.sends() => {
                Some("more of its attempts are not counted than it sent")
            }
            Lane::Ended { retry: 1.., attempt: 0, .. } => Some("it retried, and has never sent"),
            Lane::Waiting { .. } | Lane::InFlight { .. } | Lane::Ended { .. } => None,
        }
    }

    /// Those that are to open come before those that may, and the earliest of them first.
    fn opens_in_order(&self) -> bool {
        let unopened = self.lanes.get(usize::from(self.opened)..).unwrap_or_default();
        let place = |lane: &Lane| if let Lane::Opening { due, .. } = lane { *due } else { NEVER };
        unopened.windows(2).all(|pair| place(&pair[0]) <= place(&pair[1]))
    }
}

impl Why {
    /// A retry follows a failure and nothing else does; the backoff began anew after a retry before it.
    fn fits(self, retry: u32, hint_or_restart: u32) -> bool {
        let failure = self.failure();
        let may_have_hint = !matches!(failure, Failed::Nothing | Failed::Timeout);
        (failure == Failed::Nothing) == (retry == 0)
            && match self.hinted() {
                Hinted::No => hint_or_restart <= retry,
                Hinted::AtLeast | Hinted::Exactly => hint_or_restart > 0 && may_have_hint,
            }
    }
}

/// Says why a state cannot be read, resumed or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// The policy that it is to go on with is invalid.
    Policy(PolicyError),
    /// There are more lanes than there is room for.
    Room {
        /// The number of lanes.
        lanes: usize,
        /// The number that there is room for.
        room: usize,
    },
    /// More lanes have opened than the policy has.
    Opened {
        /// The number that have opened.
        opened: u8,
        /// The number that the policy has.
        lanes: u8,
    },
    /// The instant at which it is to go on counts from another origin than its own instants.
    Origin {
        /// The latest instant that the state knows.
        state: Instant,
        /// The instant at which it was to go on.
        now: Instant,
    },
    /// A call that has not given up cannot be revived.
    Alive,
    /// A call that may not be repeated, and may have reached the server, cannot be revived.
    Repeat,
    /// A deadline does not come after a send that is promised.
    Deadline {
        /// The instant at which that send is due.
        due: Instant,
    },
    /// The bytes are fewer or more than they say.
    Length {
        /// The least number that they should be.
        expected: usize,
        /// The number that they are.
        found: usize,
    },
    /// The first byte is none that this version of insist knows.
    Version(u8),
    /// The JSON is of a version that this insist does not know.
    JsonVersion(u32),
    /// A word is written as a byte that stands for none.
    Word {
        /// The name of the word.
        word: &'static str,
        /// The byte.
        found: u8,
    },
    /// The bytes are not those that were written.
    Checksum,
    /// No call could have come to it.
    Call {
        /// A sentence about the call that says what is wrong.
        why: &'static str,
    },
    /// No lane could have come to it.
    Lane {
        /// Its number, from 0.
        lane: u32,
        /// A sentence about the lane that says what is wrong.
        why: &'static str,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => write!(f, "the policy is invalid: {error}"),
            Self::Room { lanes, room } => {
                write!(f, "there is room for {room} lanes, and it takes {lanes}; use State<{lanes}>")
            }
            Self::Opened { opened, lanes } => {
                write!(f, "{opened} lanes have opened, and the policy has {lanes}; give it at least {opened}")
            }
            Self::Origin { state, now } => write!(
                f,
                "the state was last used at {state}, and now is {now}: they count from different origins; \
                 a call that outlives its process counts from the Unix epoch (Instant::since_epoch)"
            ),
            Self::Alive => f.write_str("the call has not given up; only one that has can be revived"),
            Self::Repeat => {
                f.write_str("the call may have reached the server, and it may not be repeated; make a new call")
            }
            Self::Deadline { due } => {
                write!(f, "a send is due at {due}; choose a deadline after it, or hasten the call first")
            }
            Self::Length { expected, found } => {
                write!(f, "a state of {expected} bytes does not fit in {found}, or leaves some over")
            }
            Self::Version(version) => {
                write!(f, "the state is of version {version}, and this insist reads version 2")
            }
            Self::JsonVersion(version) => {
                write!(f, "the state is JSON of version {version}, and this insist reads version 1")
            }
            Self::Word { word, found } => write!(f, "{found} is no {word}; the state was not written by insist"),
            Self::Checksum => f.write_str("the checksum is wrong; the bytes have changed since they were written"),
            Self::Call { why } => write!(f, "the state of the call makes no sense: {why}"),
            Self::Lane { lane, why } => write!(f, "the state of lane {lane} makes no sense: {why}"),
        }
    }
}

impl core::error::Error for StateError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;
    use crate::call::lane::DueBy;

    /// Attempt 1 failed, and its retry is due at the deadline, which has come.
    #[test]
    fn a_retry_that_waits_for_the_deadline_makes_no_sense_even_if_that_has_passed() {
        let mut state = crate::Call::new(&const { Policy::zero() }, (), Instant::ZERO, 7).suspend();
        (state.sent, state.last, state.clock, state.deadline) = (1, 1, 60, 60);
        let (why, hint_or_restart, due_by) = (Why::new(Failed::Sent, Hinted::No), 0, DueBy::Backoff);
        let waiting =
            |due| Lane::Waiting { due, began: 10, retry: 1, attempt: 1, why, hint_or_restart, unsent: 0, due_by };
        state.lanes[0] = waiting(60);
        let error = StateError::Lane { lane: 0, why: "it waits for a send after the deadline" };
        assert_eq!(state.check(), Err(error));
        state.lanes[0] = waiting(59);
        assert_eq!(state.check(), Ok(()));
    }

    /// JSON writes no reason of a call that returned, and so bytes have none to tell either.
    #[test]
    fn a_call_that_returned_has_no_reason_of_its_own() {
        let mut call = crate::Call::new(&const { Policy::zero() }, (), Instant::ZERO, 7);
        let _ = call.poll(Instant::ZERO);
        let _ = call.handle(Instant::ZERO, 1, crate::Verdict::Accept);
        let mut state = call.suspend();
        assert_eq!(state.check(), Ok(()));
        state.reason = Reason::Attempts;
        assert_eq!(state.check(), Err(StateError::Call { why: "it returned a result, and says why it gave up" }));
    }
}
