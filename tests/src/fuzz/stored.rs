//! The bytes of states that no call may ever have come to, made up, or a call's own, tampered with; and a call that is
//! taken up from any bytes at all: they are refused, or the call goes on and keeps the laws.

use std::cell::RefCell;

use insist_core::{Call, Policy, State};

use super::ledger::Ledger;
use super::plan::Words;
use super::ride::Ride;
use crate::expected::sealed;
use crate::gate::Scripted;
use crate::world::{self, ROOM, Sees};

/// The version, and where the fields of the head are.
const VERSION: u8 = 2;

const HEAD: usize = 51;

const LANE: usize = 32;

/// Holds what bytes say of a state, as the documented format has it.
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
    /// Counts how many were sent before it was revived.
    pub(super) forgiven: u32,
    /// Counts how many its lanes sent since.
    pub(super) sends: u32,
    pub(super) has_in_flight: bool,
    /// The latest send that is promised, if the call goes on.
    pub(super) promised: Option<u64>,
}

impl Head {
    /// Reads what a state has written.
    pub(super) fn of<const LANES: usize>(state: &State<LANES>) -> Self {
        let mut buffer = [0; State::<ROOM>::BYTES];
        let bytes = state.encode(&mut buffer).expect("it fits");
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let short = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let lanes = bytes[HEAD..bytes.len() - 4].chunks(LANE);
        let long_of = |lane: &[u8], at: usize| u64::from_le_bytes(lane[at..at + 8].try_into().expect("8 bytes"));
        let promised = |lane: &[u8]| match lane[0] {
            0 => Some(long_of(lane, 24)).filter(|held| *held > 0),
            1 => Some(long_of(lane, 16).max(long_of(lane, 24))),
            2 => Some(long_of(lane, 16)),
            _ => None,
        };
        let sends = |lane: &[u8]| {
            let short_of = |at: usize| u32::from_le_bytes(lane[at..at + 4].try_into().expect("4 bytes"));
            match (lane[0], short_of(8), short_of(12)) {
                (2, retry, _) => retry,
                (3 | 4, retry, 1..) => retry + 1,
                _ => 0,
            }
        };
        Self {
            is_running: bytes[1] == 0,
            has_returned: bytes[1] == 1,
            repeat: bytes[3],
            deadline: long(15),
            clock: long(23),
            hint: long(31),
            sent: short(39),
            last: short(43),
            forgiven: short(47),
            sends: lanes.clone().map(sends).sum(),
            has_in_flight: lanes.clone().any(|lane| lane[0] == 3),
            promised: lanes.filter_map(promised).max().filter(|_| bytes[1] == 0),
        }
    }
}

impl Words<'_> {
    /// A head and lanes of small numbers, most of which make sense together.
    pub(super) fn made_up(&mut self) -> Vec<u8> {
        const STATUSES: [u8; 8] = [2, 3, 4, 2, 3, 1, 0, 5];
        let count = self.below(6);
        let clock = self.span();
        let forgiven = if self.is_rare(32) { u32::from(self.below(4)) } else { 0 };
        let mut lanes = Vec::new();
        let (mut sends, mut newest, mut opened) = (0_u32, 0_u32, 0_u8);
        for index in 0..count {
            let status = self.pick(&STATUSES);
            let (mut retry, mut id) = (u32::from(self.below(4)), u32::from(self.below(6)));
            if self.is_rare(8) {
                (retry, id) = (self.number(), self.number());
            }
            (retry, id) = match (status, id) {
                (0 | 1, _) => (0, 0),
                (_, 0) => (retry, 0),
                _ => (retry, id.wrapping_add(forgiven)),
            };
            sends = sends.wrapping_add(match (status, id) {
                (2, _) => retry,
                (_, 0) => 0,
                _ => retry.wrapping_add(1),
            });
            newest = newest.max(id);
            if (2..=4).contains(&status) && opened == index {
                opened += 1;
            }
            // Mostly what is so of its status: what a retry follows, and nothing where nothing can be.
            let is_sent = (2..=3).contains(&status);
            let (mut failure, mut bits, mut hint) = (0, 0, 0_u32);
            if is_sent && retry > 0 {
                failure = 1 + self.below(5);
                hint = if failure < 5 && self.is_rare(64) { self.number() } else { 0 };
                bits = u8::from(hint > 0 && self.is_rare(64));
            }
            if status == 2 && self.is_rare(64) {
                bits |= 2 * self.below(4);
            }
            if self.is_rare(8) {
                (failure, bits, hint) = (self.below(7), self.byte(), self.number());
            }
            let mut lane = vec![status, failure, bits, u8::from(self.is_rare(2))];
            lane.extend([hint.to_le_bytes(), retry.to_le_bytes(), id.to_le_bytes()].concat());
            let first = if status == 4 { 0 } else { self.near(clock) };
            let second = match status {
                2 => self.near(clock),
                3 if retry > 0 => self.span(),
                0 | 1 if self.is_rare(64) => self.near(clock),
                _ => 0,
            };
            lane.extend([first.to_le_bytes(), second.to_le_bytes()].concat());
            lanes.extend(lane);
        }
        let mut body =
            vec![VERSION, self.pick(&[0, 0, 0, 0, 0, 1, 2, 3]), self.below(10), self.pick(&[0, 0, 0, 1, 2, 3])];
        body.push(if self.is_rare(32) { self.byte() } else { opened });
        body.extend(u16::from(count).to_le_bytes());
        let deadline = if self.is_rare(128) { self.near(clock) } else { u64::MAX };
        let hint = if self.is_rare(64) { self.span() } else { 0 };
        for long in [self.number(), deadline, clock, hint] {
            body.extend(long.to_le_bytes());
        }
        let sent = if self.is_rare(16) { newest } else { sends.wrapping_add(forgiven) };
        let last = u32::from(self.below(4));
        body.extend([sent.to_le_bytes(), last.to_le_bytes(), forgiven.to_le_bytes()].concat());
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

/// Returns where the fields are: the head, then those of each lane.
fn fields(length: usize) -> Vec<(usize, usize)> {
    let mut fields = vec![(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 2)];
    fields.extend([(7, 8), (15, 8), (23, 8), (31, 8), (39, 4), (43, 4), (47, 4)]);
    for lane in (HEAD..length.saturating_sub(LANE - 1)).step_by(LANE) {
        let of_lane = [(0, 1), (1, 1), (2, 1), (3, 1), (4, 4), (8, 4), (12, 4), (16, 8), (24, 8)];
        fields.extend(of_lane.map(|(at, size)| (lane + at, size)));
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

/// Reads a state from bytes that are raw, sealed, made up or tampered with, and goes on from it.
///
/// # Panics
///
/// If what was read is written otherwise, or if the call breaks a law.
pub fn resume(bytes: &[u8]) {
    let mut words = Words::new(bytes);
    let stored = match words.below(8) {
        0 => words.rest().to_vec(),
        1 => {
            let _ = serde_json::from_slice::<State>(bytes.get(1..).unwrap_or_default());
            sealed(words.bytes(u8::MAX).to_vec())
        }
        2..=4 => sealed(words.made_up()),
        _ => sealed(words.tampered()),
    };
    let (narrow, wide) = (read::<1>(&stored), read::<ROOM>(&stored));
    let _ = read::<0>(&stored);
    assert!(narrow.is_none() || wide.is_some(), "it fits in one lane, and not in more: {stored:?}");
    match (narrow, wide) {
        (Some(state), _) if words.is_rare(128) => go_on(&mut words, state),
        (_, Some(state)) => go_on(&mut words, state),
        _ => {}
    }
}

fn read<const LANES: usize>(stored: &[u8]) -> Option<State<LANES>> {
    let state = match State::<LANES>::decode(stored) {
        Ok(state) => state,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let mut buffer = [0; State::<ROOM>::BYTES];
    assert_eq!(state.encode(&mut buffer), Ok(stored), "it is written in other bytes than it was read from");
    let json = serde_json::to_string(&state).expect("it has no odd keys");
    let again = serde_json::from_str::<State<LANES>>(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(again, state, "{json}");
    Some(state)
}

/// Takes the call up, and again whenever the ride puts it away.
fn go_on<const LANES: usize>(words: &mut Words<'_>, state: State<LANES>) {
    let notes = RefCell::new(Vec::new());
    let gate = Ledger::new(Scripted::new(0, words.answers(), &notes));
    let mut ride = Ride::new(words.policy(), &state);
    let mut state = Some(state);
    while let Some(mut stored) = state.take() {
        ride.shift(words);
        if words.is_rare(64) {
            ride.operate(words, &mut stored);
            ride.shift(words);
        }
        let policy: Policy = ride.policy;
        let (fits, before) = (ride.fits(&stored), stored.clone());
        match Call::<_, _, LANES>::try_resume(&policy, &gate, ride.now(), stored) {
            Ok(call) => {
                assert!(fits, "it does not fit, and is taken up");
                ride.wake(&before);
                state = ride.go(call, words, &gate);
            }
            Err(refused) => {
                assert!(!fits, "it fits, and is refused: {}", refused.error);
                assert_eq!(refused.state, before, "it is given back as another");
                state = words.is_rare(64).then_some(refused.state);
            }
        }
        assert!(gate.is_even(), "law 12: it keeps what it was given");
        if state.is_some() && words.is_rare(32) {
            ride.policy = words.policy();
        }
    }
}
