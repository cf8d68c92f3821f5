//! A state as bytes, the same on every platform and for ever.

use super::lane::{DueBy, Lane};
use super::state::{Phase, State};
use super::validate::StateError;
use crate::action::Reason;
use crate::attempt::{Failed, Hinted, Why};
use crate::verdict::Repeat;

const VERSION: u8 = 2;
const HEAD: usize = 51;
const LANE: usize = 32;
const SUM: usize = 4;

const PHASES: [Phase; 3] = [Phase::Running, Phase::Returned, Phase::GaveUp];
const REPEATS: [Repeat; 3] = [Repeat::Always, Repeat::IfUnsent, Repeat::Never];
const REASONS: [Reason; 9] = [
    Reason::Attempts,
    Reason::Deadline,
    Reason::Stopped,
    Reason::Backoff,
    Reason::NotRepeatable,
    Reason::RetryAfter,
    Reason::Refused,
    Reason::Cancelled,
    Reason::Invalid,
];
const FAILURES: [Failed; 6] =
    [Failed::Nothing, Failed::Unsent, Failed::Sent, Failed::UnsentThrottled, Failed::SentThrottled, Failed::Timeout];

impl<const LANES: usize> State<LANES> {
    /// The most bytes that [`encode`](Self::encode) writes: 55, and 32 for each lane.
    pub const BYTES: usize = HEAD + LANE * LANES + SUM;

    /// Writes the state as bytes, and gives those that it wrote: 87 with one lane.
    ///
    /// They are the same on every platform, and later versions of insist read them:
    ///
    /// | bytes | what; numbers are little-endian, instants and spans in nanoseconds |
    /// |---|---|
    /// | 1 | the version, 2 |
    /// | 1 | 0 running, 1 returned, 2 gave up |
    /// | 1 | why the lane that ended last did, in the order of [`Reason`]: 0 attempts … 8 invalid |
    /// | 1 | 0 repeat always, 1 if unsent, 2 never |
    /// | 1 | how many lanes have opened |
    /// | 2 | how many lanes are written; those after the last that was touched are not |
    /// | 4 × 8 | seed; deadline, all ones for none; latest instant; the largest hint that ended a lane, 0 for none |
    /// | 3 × 4 | attempts sent; the latest that had a verdict, 0 for none; those sent before it was revived |
    /// | 32 a lane | 1 status: 0 not opened, 1 opening, 2 waiting, 3 in flight, 4 ended; 1 the failure that it follows: 0 none, 1 unsent, 2 sent, 3 unsent and throttled, 4 sent and throttled, 5 a timeout; 1 of bits: 1 the hint is exact, 2 put off, 4 held by a gate, 8 it waits for the hint, 16 the hint's place has the retry after which the backoff began anew; 1 how many of its attempts no limit counts; 4 the hint in milliseconds, 0 for none; 4 retry; 4 attempt, 0 for none; 8 when it is due, was sent, or the lane before it opened; 8 when its wait began, how long the wait was, or before when it may not open; of a lane that has ended, until when its hint holds up the others |
    /// | 4 | CRC-32 of all before, as in zip and PNG |
    ///
    /// ```
    /// use insist_core::{Call, Instant, Policy, State};
    ///
    /// let policy = Policy::default().attempts(3);
    /// let state = Call::new(&policy, &(), Instant::ZERO, 7).suspend();
    ///
    /// let mut buffer = [0; State::<1>::BYTES];
    /// let bytes = state.encode(&mut buffer)?;
    /// assert_eq!(State::decode(bytes)?, state);
    /// # Ok::<(), insist_core::StateError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StateError::Length`], if the buffer is too short. [`BYTES`](Self::BYTES) always suffice.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], StateError> {
        let lanes = self.touched();
        let (expected, found) = (HEAD + LANE * lanes.len() + SUM, buffer.len());
        let bytes = buffer.get_mut(..expected).ok_or(StateError::Length { expected, found })?;
        let mut pen = Pen(&mut *bytes);
        pen.write([VERSION, code(&PHASES, self.phase), code(&REASONS, self.reason), code(&REPEATS, self.repeat)]);
        pen.write([self.opened]);
        // A policy has at most 255 lanes, so no more than 256 are ever touched.
        pen.write((lanes.len() as u16).to_le_bytes());
        for word in [self.seed, self.deadline, self.clock, self.hint] {
            pen.write(word.to_le_bytes());
        }
        pen.write(self.sent.to_le_bytes());
        pen.write(self.last.to_le_bytes());
        pen.write(self.forgiven.to_le_bytes());
        for lane in lanes {
            pen.write(LaneBytes::from(*lane).encode());
        }
        let end = expected - SUM;
        let sum = crc32(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote. A state with fewer lanes fits where there is room for more.
    ///
    /// # Errors
    ///
    /// The bytes are not a state's, or have changed, or are a state that no call could have come to, or one with more
    /// lanes than `LANES`. Any bytes at all may be read, and give a state that can be gone on from, or an error.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let found = bytes.len();
        let version = *bytes.first().ok_or(StateError::Length { expected: HEAD + SUM, found })?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        if found < HEAD + SUM {
            return Err(StateError::Length { expected: HEAD + SUM, found });
        }
        let mut eye = Eye(&bytes[1..]);
        let [phase, reason, repeat, opened] = eye.read();
        let lanes = usize::from(u16::from_le_bytes(eye.read()));
        let expected = HEAD + LANE * lanes + SUM;
        if found != expected {
            return Err(StateError::Length { expected, found });
        }
        let (body, sum) = bytes.split_at(expected - SUM);
        if crc32(body).to_le_bytes() != sum {
            return Err(StateError::Checksum);
        }
        if lanes > LANES {
            return Err(StateError::Room { lanes, room: LANES });
        }
        let mut state = Self {
            phase: word(&PHASES, phase, "phase")?,
            reason: word(&REASONS, reason, "reason")?,
            repeat: word(&REPEATS, repeat, "repeat")?,
            opened,
            seed: u64::from_le_bytes(eye.read()),
            deadline: u64::from_le_bytes(eye.read()),
            clock: u64::from_le_bytes(eye.read()),
            hint: u64::from_le_bytes(eye.read()),
            sent: u32::from_le_bytes(eye.read()),
            last: u32::from_le_bytes(eye.read()),
            forgiven: u32::from_le_bytes(eye.read()),
            lanes: [Lane::UNOPENED; LANES],
        };
        for lane in &mut state.lanes[..lanes] {
            *lane = Lane::try_from(LaneBytes::decode(eye.read::<LANE>()))?;
        }
        if state.touched().len() != lanes {
            return Err(StateError::Call { why: "it writes lanes that were never touched" });
        }
        state.check()?;
        Ok(state)
    }

    /// The lanes up to the last that is not as it was at the start.
    pub(super) fn touched(&self) -> &[Lane] {
        let last = self.lanes.iter().rposition(|lane| *lane != Lane::UNOPENED);
        &self.lanes[..last.map_or(0, |index| index + 1)]
    }
}

/// A lane as bytes have it: every field at its place, 0 where its status has none.
#[derive(Clone, Copy, Default, PartialEq)]
struct LaneBytes {
    status: u8,
    failure: u8,
    bits: u8,
    unsent: u8,
    hint_or_restart: u32,
    retry: u32,
    attempt: u32,
    first: u64,
    second: u64,
}

const EXACT: u8 = 1;
const PUT_OFF: u8 = 2;
const HELD: u8 = 4;
const FOR_HINT: u8 = 8;
const RESTART: u8 = 16;

impl LaneBytes {
    fn encode(self) -> [u8; LANE] {
        let mut bytes = [0; LANE];
        let mut pen = Pen(&mut bytes);
        pen.write([self.status, self.failure, self.bits, self.unsent]);
        pen.write(self.hint_or_restart.to_le_bytes());
        pen.write(self.retry.to_le_bytes());
        pen.write(self.attempt.to_le_bytes());
        pen.write(self.first.to_le_bytes());
        pen.write(self.second.to_le_bytes());
        bytes
    }

    fn decode(bytes: [u8; LANE]) -> Self {
        let mut eye = Eye(&bytes);
        let [status, failure, bits, unsent] = eye.read();
        Self {
            status,
            failure,
            bits,
            unsent,
            hint_or_restart: u32::from_le_bytes(eye.read()),
            retry: u32::from_le_bytes(eye.read()),
            attempt: u32::from_le_bytes(eye.read()),
            first: u64::from_le_bytes(eye.read()),
            second: u64::from_le_bytes(eye.read()),
        }
    }

    fn because(self, why: Why, hint_or_restart: u32) -> Self {
        let bits = match why.hinted() {
            Hinted::No if hint_or_restart > 0 => RESTART,
            Hinted::No | Hinted::AtLeast => 0,
            Hinted::Exactly => EXACT,
        };
        Self { hint_or_restart, failure: code(&FAILURES, why.failure()), bits: self.bits | bits, ..self }
    }

    fn why(&self) -> Result<Why, StateError> {
        let failure = word(&FAILURES, self.failure, "failure")?;
        let hinted = match (self.bits & EXACT != 0, self.bits & RESTART != 0) {
            (true, _) => Hinted::Exactly,
            (false, true) => Hinted::No,
            (false, false) if self.hint_or_restart == 0 => Hinted::No,
            (false, false) => Hinted::AtLeast,
        };
        Ok(Why::new(failure, hinted))
    }
}

impl From<Lane> for LaneBytes {
    fn from(lane: Lane) -> Self {
        let fresh = Self { retry: lane.retry(), attempt: lane.attempt(), unsent: lane.unsent(), ..Self::default() };
        match lane {
            Lane::Unopened { since, not_before } => Self { status: 0, first: since, second: not_before, ..fresh },
            Lane::Opening { due, not_before } => Self { status: 1, first: due, second: not_before, ..fresh },
            Lane::Waiting { due, began, why, hint_or_restart, due_by, .. } => {
                let bits = match due_by {
                    DueBy::Backoff => 0,
                    DueBy::Hint => FOR_HINT,
                    DueBy::PutOff => PUT_OFF,
                    DueBy::Gate => HELD,
                    DueBy::GateAfterHint => HELD | FOR_HINT,
                    DueBy::GateAfterPutOff => HELD | PUT_OFF,
                };
                Self { status: 2, first: due, second: began, bits, ..fresh }.because(why, hint_or_restart)
            }
            Lane::InFlight { sent, waited, why, hint_or_restart, .. } => {
                Self { status: 3, first: sent, second: waited, ..fresh }.because(why, hint_or_restart)
            }
            Lane::Ended { held, .. } => Self { status: 4, first: held, ..fresh },
        }
    }
}

impl TryFrom<LaneBytes> for Lane {
    type Error = StateError;

    fn try_from(bytes: LaneBytes) -> Result<Self, StateError> {
        let LaneBytes { status, retry, attempt, first, second, bits, unsent, hint_or_restart, .. } = bytes;
        let lane = match status {
            0 => Self::Unopened { since: first, not_before: second },
            1 => Self::Opening { due: first, not_before: second },
            2 => Self::Waiting {
                due: first,
                began: second,
                retry,
                attempt,
                why: bytes.why()?,
                hint_or_restart,
                unsent,
                due_by: match bits & (PUT_OFF | HELD | FOR_HINT) {
                    FOR_HINT => DueBy::Hint,
                    PUT_OFF => DueBy::PutOff,
                    HELD => DueBy::Gate,
                    bits if bits == HELD | FOR_HINT => DueBy::GateAfterHint,
                    bits if bits == HELD | PUT_OFF => DueBy::GateAfterPutOff,
                    _ => DueBy::Backoff,
                },
            },
            3 => {
                let why = bytes.why()?;
                Self::InFlight { sent: first, waited: second, retry, attempt, why, hint_or_restart, unsent }
            }
            4 => Self::Ended { retry, attempt, held: first, unsent },
            found => return Err(StateError::Word { word: "status", found }),
        };
        // One encoding for each lane: nothing stands where its status has nothing.
        if LaneBytes::from(lane) == bytes { Ok(lane) } else { Err(StateError::Word { word: "lane", found: status }) }
    }
}

fn code<T: PartialEq>(words: &[T], word: T) -> u8 {
    words.iter().position(|other| *other == word).unwrap_or(usize::from(u8::MAX)) as u8
}

fn word<T: Copy>(words: &[T], found: u8, name: &'static str) -> Result<T, StateError> {
    words.get(usize::from(found)).copied().ok_or(StateError::Word { word: name, found })
}

/// The part of the buffer that is left to write. It is as long as everything that is written.
struct Pen<'b>(&'b mut [u8]);

impl Pen<'_> {
    fn write<const N: usize>(&mut self, bytes: [u8; N]) {
        let (now, rest) = core::mem::take(&mut self.0).split_at_mut(N);
        now.copy_from_slice(&bytes);
        self.0 = rest;
    }
}

/// The bytes that are left to read. The length was checked before; past the end it reads zeros.
struct Eye<'b>(&'b [u8]);

impl Eye<'_> {
    fn read<const N: usize>(&mut self) -> [u8; N] {
        let (now, rest) = self.0.split_first_chunk::<N>().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *now
    }
}

/// Bit by bit: a state is short, and a table would be longer.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_its_specification() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn every_word_has_its_byte() {
        // A word that is new is new here too: these matches are complete, and the lists have them in order.
        let reason = |reason| match reason {
            Reason::Attempts => 0,
            Reason::Deadline => 1,
            Reason::Stopped => 2,
            Reason::Backoff => 3,
            Reason::NotRepeatable => 4,
            Reason::RetryAfter => 5,
            Reason::Refused => 6,
            Reason::Cancelled => 7,
            Reason::Invalid => 8,
        };
        assert!((0..).zip(REASONS).all(|(place, word)| reason(word) == place));
        assert!((0..).zip(FAILURES).all(|(place, word)| word as u8 == place));
        assert!((0..).zip(PHASES).all(|(place, word)| word as u8 == place));
        assert!((0..).zip(REPEATS).all(|(place, word)| word as u8 == place));
    }
}
