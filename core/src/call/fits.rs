//! Whether a state makes sense, by itself and with a policy; and what is wrong if not.

use core::fmt;

use super::state::{Lane, NEVER, Phase, State, Status};
use crate::policy::{Policy, PolicyError};
use crate::verdict::Repeat;

impl<const LANES: usize> State<LANES> {
    /// Whether a call can go on from here with this policy.
    ///
    /// The policy need not be the one that the call started with. With fewer attempts than were sent already, the call
    /// gives up for want of attempts, which is no error. One that has ended fits any policy.
    ///
    /// # Errors
    ///
    /// The policy is invalid, has more lanes than the state has room for, or fewer than were opened. A call that is
    /// resumed nevertheless gives up with [`Reason::Invalid`](crate::Reason::Invalid).
    pub fn fits<B>(&self, policy: &Policy<B>) -> Result<(), StateError> {
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

    /// Whether some call could have come to this. Everything that is read passes here.
    pub(super) fn check(&self) -> Result<(), StateError> {
        let is_running = self.phase == Phase::Running;
        let ids = || self.lanes.iter().map(|lane| lane.id);
        let sends = self.lanes.iter().map(Lane::sends).sum::<u64>();
        let why = if self.last > self.sent {
            "an attempt had a verdict, and was never sent"
        } else if sends != u64::from(self.sent) {
            "its lanes did not send as many attempts as the call did"
        } else if ids().max().unwrap_or(0) != self.sent {
            "no lane sent the newest attempt"
        } else if self.phase == Phase::Returned && (self.last == 0 || !ids().any(|id| id == self.last)) {
            "it returned the result of an attempt that no lane sent last"
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
        let is_in_time = |at: u64| at < self.deadline;
        let is_opened = index < usize::from(self.opened);
        let is_before = |other: &Lane| other.id == lane.id && lane.id > 0;
        if self.lanes[..index].iter().any(is_before) {
            return Some("it has the attempt of another lane");
        }
        if index > 0 && self.repeat != Repeat::Always && lane.id > 0 {
            return Some("it sent, although the call may not be raced");
        }
        if self.repeat == Repeat::Never && lane.retry > 0 {
            return Some("it retried, although the call may not be repeated");
        }
        if is_running && is_opened != matches!(lane.status, Status::Waiting | Status::InFlight | Status::Ended) {
            return Some("whether it has opened is not clear");
        }
        match lane.status {
            Status::Unopened | Status::Opening => {
                let is_blank = lane.id == 0 && lane.retry == 0 && lane.carried == [0; 7];
                let is_kept = lane.since == 0 || is_in_time(lane.since);
                let is_known = if lane.status == Status::Opening { is_in_time(lane.at) } else { is_past(lane.at) };
                if !is_blank {
                    Some("it has not opened, and has sent")
                } else if !is_kept || !is_known {
                    Some("it opens at no time that makes sense")
                } else if lane.status == Status::Opening && self.repeat != Repeat::Always {
                    Some("it is to open, although the call may not be raced")
                } else {
                    None
                }
            }
            Status::Waiting if !is_running => Some("it waits, although the call is over"),
            Status::Waiting if lane.retry == 0 && (index > 0 || lane.id > 0) => Some("it waits for a first send again"),
            Status::Waiting if lane.retry > 0 && lane.id == 0 => Some("it waits for a retry, and has never sent"),
            Status::Waiting if !is_past(lane.since) => Some("its wait has not begun"),
            Status::Waiting if !is_in_time(lane.at) && (lane.retry > 0 || !is_past(lane.at)) => {
                Some("it waits for a send after the deadline")
            }
            Status::InFlight if lane.id == 0 => Some("it has in flight what was never sent"),
            Status::InFlight if !is_past(lane.at) => Some("it has in flight what was not sent yet"),
            Status::Ended if lane.id == 0 && lane.retry > 0 => Some("it retried, and has never sent"),
            Status::Waiting | Status::InFlight | Status::Ended => None,
        }
    }

    /// Those that are to open come before those that may, and the earliest of them first.
    fn opens_in_order(&self) -> bool {
        let unopened = self.lanes.get(usize::from(self.opened)..).unwrap_or_default();
        let place = |lane: &Lane| if lane.status == Status::Opening { lane.at } else { NEVER };
        unopened.windows(2).all(|pair| place(&pair[0]) <= place(&pair[1]))
    }
}

impl Lane {
    /// How many attempts it sent.
    fn sends(&self) -> u64 {
        let retries = u64::from(self.retry);
        match self.status {
            Status::Waiting => retries,
            _ if self.id == 0 => 0,
            _ => retries + 1,
        }
    }
}

/// Why a state cannot be read, or not be gone on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// The policy that it is to go on with is invalid.
    Policy(PolicyError),
    /// There are more lanes than there is room for.
    Room {
        /// How many lanes.
        lanes: usize,
        /// For how many there is room.
        room: usize,
    },
    /// More lanes have opened than the policy has.
    Opened {
        /// How many have opened.
        opened: u8,
        /// How many the policy has.
        lanes: u8,
    },
    /// The bytes are fewer or more than they say.
    Length {
        /// How many they should be at least.
        expected: usize,
        /// How many they are.
        found: usize,
    },
    /// The first byte is none that this version of insist knows.
    Version(u8),
    /// A word is written as a byte that stands for none.
    Word {
        /// Which.
        word: &'static str,
        /// The byte.
        found: u8,
    },
    /// The bytes are not those that were written.
    Checksum,
    /// No call could have come to it.
    Call {
        /// What is wrong, as a sentence about the call.
        why: &'static str,
    },
    /// No lane could have come to it.
    Lane {
        /// Which, from 0.
        lane: u32,
        /// What is wrong, as a sentence about the lane.
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
            Self::Length { expected, found } => {
                write!(f, "a state of {expected} bytes does not fit in {found}, or leaves some over")
            }
            Self::Version(version) => {
                write!(f, "the state is of version {version}, and this insist reads version 1; use a newer one")
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
    use crate::Instant;

    /// Attempt 1 failed, and its retry is due at the deadline, which has come.
    #[test]
    fn a_retry_that_waits_for_the_deadline_makes_no_sense_even_if_that_has_passed() {
        let mut state = crate::Call::new(&const { Policy::zero() }, (), Instant::ZERO, 7).suspend();
        (state.sent, state.last, state.clock, state.deadline) = (1, 1, 60, 60);
        state.lanes[0] = Lane { at: 60, since: 10, retry: 1, id: 1, status: Status::Waiting, carried: [0; 7] };
        let why = "it waits for a send after the deadline";
        assert_eq!(state.check(), Err(StateError::Lane { lane: 0, why }));
        state.lanes[0].at = 59;
        assert_eq!(state.check(), Ok(()));
    }
}
