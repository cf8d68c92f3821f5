//! A state as bytes, the same on every platform and for ever.

use super::fits::StateError;
use super::state::{Lane, Phase, State, Status};
use crate::action::Reason;
use crate::verdict::Repeat;

const VERSION: u8 = 1;
const HEAD: usize = 47;
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
const STATUSES: [Status; 5] = [Status::Unopened, Status::Opening, Status::Waiting, Status::InFlight, Status::Ended];

impl<const LANES: usize> State<LANES> {
    /// As many bytes as [`encode`](Self::encode) writes at most: 51, and 32 a lane.
    pub const BYTES: usize = HEAD + LANE * LANES + SUM;

    /// Writes the state as bytes, and gives those that it wrote: 83 with one lane.
    ///
    /// They are the same on every platform, and later versions of insist read them:
    ///
    /// | bytes | what; numbers are little-endian, instants and spans in nanoseconds |
    /// |---|---|
    /// | 1 | the version, 1 |
    /// | 1 | 0 running, 1 returned, 2 gave up |
    /// | 1 | why the lane that ended last did, in the order of [`Reason`]: 0 attempts … 8 invalid |
    /// | 1 | 0 repeat always, 1 if unsent, 2 never |
    /// | 1 | how many lanes have opened |
    /// | 2 | how many lanes are written; those after the last that was touched are not |
    /// | 4 × 8 | seed; deadline, all ones for none; latest instant; the largest hint that ended a lane, 0 for none |
    /// | 2 × 4 | attempts sent; the latest that had a verdict, 0 for none |
    /// | 32 a lane | 8 when it is due, was sent, or may open; 8 since when; 4 retry; 4 attempt, 0 for none; 1 status: 0 not opened, 1 opening, 2 waiting, 3 in flight, 4 ended; 7 by how much longer it has waited, with the highest bit for "was put off" |
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
        for lane in lanes {
            pen.write(lane.at.to_le_bytes());
            pen.write(lane.since.to_le_bytes());
            pen.write(lane.retry.to_le_bytes());
            pen.write(lane.id.to_le_bytes());
            pen.write([code(&STATUSES, lane.status)]);
            pen.write(lane.carried);
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
            lanes: [Lane::UNOPENED; LANES],
        };
        for lane in &mut state.lanes[..lanes] {
            *lane = Lane {
                at: u64::from_le_bytes(eye.read()),
                since: u64::from_le_bytes(eye.read()),
                retry: u32::from_le_bytes(eye.read()),
                id: u32::from_le_bytes(eye.read()),
                status: word(&STATUSES, eye.read::<1>()[0], "status")?,
                carried: eye.read(),
            };
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

fn code<T: PartialEq>(words: &[T], word: T) -> u8 {
    words.iter().position(|other| *other == word).unwrap_or(usize::from(u8::MAX)) as u8
}

fn word<T: Copy>(words: &[T], found: u8, name: &'static str) -> Result<T, StateError> {
    words.get(usize::from(found)).copied().ok_or(StateError::Word { word: name, found })
}

/// What is left to write; it is as long as all that is written.
struct Pen<'b>(&'b mut [u8]);

impl Pen<'_> {
    fn write<const N: usize>(&mut self, bytes: [u8; N]) {
        let (now, rest) = core::mem::take(&mut self.0).split_at_mut(N);
        now.copy_from_slice(&bytes);
        self.0 = rest;
    }
}

/// What is left to read. The length was compared before; at its end it reads zeros.
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
        assert!((0..).zip(STATUSES).all(|(place, word)| word as u8 == place));
        assert!((0..).zip(PHASES).all(|(place, word)| word as u8 == place));
        assert!((0..).zip(REPEATS).all(|(place, word)| word as u8 == place));
    }
}
