//! The bytes of states that no call may ever have come to: made up, or a call's own, tampered with.

use insist_core::State;

use super::word::Words;
use crate::world::{self, ROOM, Sees};

const HEAD: usize = 47;
const LANE: usize = 32;

/// What bytes say of a state, as the documented format has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) is_running: bool,
    pub(super) has_returned: bool,
    pub(super) repeat: u8,
    /// All ones for none.
    pub(super) deadline: u64,
    pub(super) clock: u64,
    pub(super) hint: u64,
    pub(super) sent: u32,
    pub(super) last: u32,
    pub(super) has_in_flight: bool,
}

impl Head {
    /// Reads what a state has written.
    pub(super) fn of<const LANES: usize>(state: &State<LANES>) -> Self {
        let mut buffer = [0; State::<ROOM>::BYTES];
        let bytes = state.encode(&mut buffer).expect("it fits");
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let short = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let lanes = bytes[HEAD..bytes.len() - 4].chunks(LANE);
        Self {
            is_running: bytes[1] == 0,
            has_returned: bytes[1] == 1,
            repeat: bytes[3],
            deadline: long(15),
            clock: long(23),
            hint: long(31),
            sent: short(39),
            last: short(43),
            has_in_flight: lanes.into_iter().any(|lane| lane[24] == 3),
        }
    }
}

impl Words<'_> {
    /// A head and lanes of small numbers, most of which make sense together.
    pub(super) fn made_up(&mut self) -> Vec<u8> {
        const STATUSES: [u8; 8] = [2, 3, 4, 2, 3, 1, 0, 5];
        let count = self.below(6);
        let clock = self.span();
        let mut lanes = Vec::new();
        let (mut sends, mut newest, mut opened) = (0_u32, 0_u32, 0_u8);
        for index in 0..count {
            let status = self.pick(&STATUSES);
            let (mut retry, mut id) = (u32::from(self.below(4)), u32::from(self.below(6)));
            if self.is_rare(8) {
                (retry, id) = (self.number(), self.number());
            }
            sends = sends.wrapping_add(match (status, id) {
                (2, _) => retry,
                (_, 0) => 0,
                _ => retry.wrapping_add(1),
            });
            newest = newest.max(id);
            if (2..=4).contains(&status) && opened == index {
                opened += 1;
            }
            let (at, since) = (self.near(clock), self.near(clock));
            let mut lane = [at.to_le_bytes(), since.to_le_bytes()].concat();
            lane.extend([retry.to_le_bytes(), id.to_le_bytes()].concat());
            lane.push(status);
            let carried: u64 = if self.is_rare(64) { self.number() } else { 0 };
            lane.extend(&carried.to_le_bytes()[..7]);
            lanes.extend(lane);
        }
        let mut body = vec![1, self.pick(&[0, 0, 0, 0, 0, 1, 2, 3]), self.below(10), self.pick(&[0, 0, 0, 1, 2, 3])];
        body.push(if self.is_rare(32) { self.byte() } else { opened });
        body.extend(u16::from(count).to_le_bytes());
        let deadline = if self.is_rare(128) { self.near(clock) } else { u64::MAX };
        let hint = if self.is_rare(64) { self.span() } else { 0 };
        for long in [self.number(), deadline, clock, hint] {
            body.extend(long.to_le_bytes());
        }
        let sent = if self.is_rare(16) { newest } else { sends };
        let last = u32::from(self.below(4));
        body.extend([sent.to_le_bytes(), last.to_le_bytes()].concat());
        body.extend(lanes);
        body
    }

    fn near(&mut self, clock: u64) -> u64 {
        match self.below(8) {
            0..=1 => clock,
            2..=4 => clock.saturating_add(self.span()),
            5..=6 => clock.saturating_sub(self.span()),
            _ => 0,
        }
    }

    /// Some state of some call, with a few fields changed.
    pub(super) fn tampered(&mut self) -> Vec<u8> {
        let plan = self.plan(16);
        let mut bodies = Bodies(Vec::new());
        let record = world::run(&plan);
        let _ = world::see(&plan, &record, false, &mut bodies);
        let pick = usize::from(self.byte()) % bodies.0.len();
        let mut body = bodies.0.swap_remove(pick);
        for _ in 0..self.below(4) {
            self.change(&mut body);
        }
        body
    }

    fn change(&mut self, body: &mut [u8]) {
        let fields = fields(body.len());
        let read = |body: &[u8], (at, size): (usize, usize)| {
            let mut long = [0; 8];
            long[..size].copy_from_slice(&body[at..at + size]);
            u64::from_le_bytes(long)
        };
        let (at, size) = self.pick(&fields);
        let long = match self.below(4) {
            0 => u64::from(self.below(6)),
            1 => read(body, (at, size)).wrapping_add(1).wrapping_sub(u64::from(self.below(3))),
            2 => read(body, self.pick(&fields)),
            _ => self.span(),
        };
        body[at..at + size].copy_from_slice(&long.to_le_bytes()[..size]);
    }
}

/// Where the fields are: the head, then those of each lane.
fn fields(length: usize) -> Vec<(usize, usize)> {
    let mut fields = vec![(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 2)];
    fields.extend([(7, 8), (15, 8), (23, 8), (31, 8), (39, 4), (43, 4)]);
    for lane in (HEAD..length.saturating_sub(LANE - 1)).step_by(LANE) {
        fields.extend([(0, 8), (8, 8), (16, 4), (20, 4), (24, 1), (25, 7)].map(|(at, size)| (lane + at, size)));
    }
    fields
}

/// Every state that a call comes to, as bytes without their checksum.
struct Bodies(Vec<Vec<u8>>);

impl Sees for Bodies {
    fn see<const LANES: usize>(&mut self, state: &State<LANES>) {
        let mut buffer = [0; State::<ROOM>::BYTES];
        let bytes = state.encode(&mut buffer).expect("it fits");
        self.0.push(bytes[..bytes.len() - 4].to_vec());
    }
}
