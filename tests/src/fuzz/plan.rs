//! Bytes read as choices, so that what a fuzzer changes in them changes one choice; and plans that are made of them.
//!
//! When the bytes have ended, every choice is the first and every number is 0.

use core::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use insist_core::{AtEnd, Jitter, List, Policy, Repeat, Sent, Verdict};

use crate::gate::{Answer, Answers, Made};
use crate::plan::{Change, Move, Plan, Shift, TO_THE_DEADLINE};
use crate::world::ROOM;

const MS: u64 = 1_000_000;

const MINUTE: u64 = 60_000 * MS;

impl Words<'_> {
    /// Any policy, now and then an invalid one.
    pub(super) fn policy(&mut self) -> Policy {
        let mut policy = self.shape().jitter(self.jitter());
        policy = match self.below(16) {
            0 => policy.attempts(0),
            1 => policy.unlimited_attempts(),
            more => policy.attempts(u32::from(more) - 1),
        };
        // One bit says whether a field is set.
        let set: u16 = self.number();
        let is_set = |bit: u16| set >> bit & 1 == 1;
        if is_set(0) {
            policy = policy.lanes(self.pick(&[2, 3, 4, 2, 3, 4, 1, 0, 5, 255]));
        }
        if is_set(1) {
            policy = policy.hedge_after(self.duration());
        }
        if is_set(2) {
            policy = policy.lane_attempts(u32::from(self.below(5)));
        }
        if is_set(3) {
            policy = policy.attempt_timeout(self.positive());
        }
        if is_set(4) {
            policy = policy.deadline(Duration::from_millis(u64::from(self.number::<u16>() % 4096)));
        }
        if is_set(5) {
            policy = policy.deadline(self.positive());
        }
        if is_set(6) {
            policy = policy.cap(self.duration());
        }
        if is_set(7) {
            policy = policy.cap_that_stops(self.duration());
        }
        if is_set(8) {
            // Below the cap, so that few policies are invalid.
            let cap = policy.get_cap().unwrap_or(Duration::MAX);
            policy = policy.floor(self.duration().min(cap));
        }
        if is_set(9) {
            policy = policy.floor(self.duration());
        }
        if is_set(10) {
            policy = policy.hint_limit(self.duration());
        }
        if is_set(11) {
            policy = policy.ignore_hints();
        }
        if is_set(13) {
            policy = policy.unsent_attempts(self.byte()).hint_spread(f64::from(self.byte()) / 255.0);
        }
        policy.hedge_on_failure(is_set(12)).restart_after_hint(is_set(14)).separate_targets(is_set(15))
    }

    fn shape(&mut self) -> Policy {
        match self.below(8) {
            0 => Policy::zero(),
            1 => Policy::stop(),
            2 => Policy::constant(self.duration()),
            3 => Policy::linear(self.duration()),
            4 => {
                // Powers of these are exact in fixed point for as many retries as a plan can make.
                let factor = self.pick(&[2.0, 1.5, 0.5, 1.0, 3.0, 10.0, 1e18]);
                Policy::exponential(self.duration()).factor(factor)
            }
            5 => Policy::fibonacci(self.duration()),
            6 => Policy::decorrelated(self.duration()),
            _ => {
                let length = self.below(5);
                let delays: Vec<_> = (0..length).map(|_| self.duration()).collect();
                Policy::list(List::new(&delays), self.pick(&[AtEnd::Stop, AtEnd::Repeat]))
            }
        }
    }

    fn jitter(&mut self) -> Jitter {
        match self.below(6) {
            0 => Jitter::None,
            1 => Jitter::Full,
            2 => Jitter::Equal,
            3 => Jitter::fraction(self.pick(&[0.33, 0.0, 1.0, 0.5])),
            4 => Jitter::fraction(f64::from(self.number::<u16>()) / 65_535.0),
            _ => Jitter::fraction(f64::from_bits(self.number())),
        }
    }

    /// Any verdict, most of them failures.
    pub(super) fn verdict(&mut self) -> Verdict {
        let failure = |sent| Verdict::retry().sent(sent);
        match self.below(16) {
            0..=2 => failure(Sent::Maybe),
            3 => failure(Sent::Maybe).throttled(),
            4..=5 => failure(Sent::No),
            6 => failure(Sent::No).throttled(),
            7..=8 => failure(Sent::Maybe).after(self.duration()),
            9 => failure(Sent::No).after(self.duration()),
            10 => failure(Sent::Maybe).exactly_after(self.duration()),
            11 => failure(Sent::No).exactly_after(self.duration()),
            12 => failure(Sent::Maybe).after(TO_THE_DEADLINE),
            13..=14 => Verdict::Accept,
            _ => Verdict::Stop,
        }
    }

    fn shift(&mut self) -> Shift {
        match self.below(16) {
            0..=4 => Shift::Due,
            5..=7 => Shift::Stay,
            8..=9 => Shift::By(u64::from(self.below(13)) * 10 * MS),
            10 => Shift::By(self.span()),
            11 => Shift::Back(self.span()),
            12 => Shift::JustBefore,
            13 => Shift::JustAfter,
            14 => Shift::By(1),
            _ => Shift::ToTheEnd,
        }
    }

    /// Returns how long a call is put away: now and then for so long that its sends are overdue.
    fn absence(&mut self) -> Shift {
        match self.below(4) {
            0 => Shift::By(MINUTE + u64::from(self.below(13)) * 10 * MS),
            1 => Shift::By(u64::from(self.number::<u16>()) * MINUTE / 10),
            _ => self.shift(),
        }
    }

    fn operation(&mut self) -> Change {
        match self.below(5) {
            0..=1 => Change::Hasten,
            2 => Change::Revive,
            3 => Change::DeadlineIn(self.span()),
            _ => Change::NoDeadline,
        }
    }

    fn one_move(&mut self) -> Move {
        match self.byte() {
            221 | 253 => Move::Operate(self.absence(), self.operation(), self.absence()),
            byte => self.other_move(byte % 32),
        }
    }

    fn other_move(&mut self, which: u8) -> Move {
        match which {
            0..=9 => Move::Drive(self.shift()),
            10..=14 => Move::Poll(self.shift()),
            15..=24 => Move::End(self.byte(), self.shift(), self.verdict()),
            25..=26 => Move::Stray(self.pick(&[0, 1, 2, 3, 4, 5, 6, u32::MAX]), self.verdict()),
            27..=29 => Move::Suspend(self.shift()),
            30 => Move::Cancel,
            _ => Move::Drop,
        }
    }

    pub(super) fn answers(&mut self) -> Answers {
        let (reserve, admit) = (self.below(6), self.below(8));
        let mut answers = Answers::default();
        for _ in 0..reserve {
            answers.reserve.push(!self.is_rare(80));
        }
        for _ in 0..admit {
            let answer = match self.below(12) {
                0..=5 => Answer::Yes,
                6..=8 => Answer::In(u64::from(self.below(31)) * 10 * MS),
                9 => Answer::In(self.span()),
                10 => Answer::At(self.span()),
                _ => Answer::No,
            };
            answers.admit.push(answer);
        }
        answers
    }

    pub(super) fn repeat(&mut self) -> Repeat {
        self.pick(&[Repeat::Always, Repeat::Always, Repeat::Always, Repeat::Always, Repeat::IfUnsent, Repeat::Never])
    }

    /// Any plan with at most so many moves.
    pub(super) fn plan(&mut self, most: u8) -> Plan {
        let policy = self.policy();
        let seed = self.number();
        let repeat = self.repeat();
        let start = match self.below(8) {
            0..=2 => 0,
            3..=5 => 1000 * MS,
            6 => u64::MAX,
            _ => self.number(),
        };
        let room = if self.is_rare(50) { 1 } else { ROOM };
        let made = self.pick(&[Made::Alone, Made::Borrowed, Made::Pair, Made::Triple, Made::Nested]);
        let has_gates = self.byte();
        let answers = [1, 2, 4].map(|bit| if has_gates & bit > 0 { self.answers() } else { Answers::default() });
        let last = self.verdict();
        let length = self.below(most);
        let moves = (0..length).map(|_| self.one_move()).collect();
        Plan { policy, seed, repeat, start, room, made, answers, hedge: Vec::new(), moves, last }
    }
}

pub(super) struct Words<'a>(Unstructured<'a>);

impl<'a> Words<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number, or as many of its low bytes as there are.
    pub(super) fn number<T: Arbitrary<'a> + Default>(&mut self) -> T {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.number()
    }

    /// In one of so many cases of 256.
    pub(super) fn is_rare(&mut self, cases: u8) -> bool {
        self.byte() > u8::MAX - cases
    }

    pub(super) fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    /// Up to so many bytes as they are.
    pub(super) fn bytes(&mut self, most: u8) -> &'a [u8] {
        let length = usize::from(self.below(most)).min(self.0.len());
        self.0.bytes(length).unwrap_or_default()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        self.0.bytes(self.0.len()).unwrap_or_default()
    }

    /// Spans that matter: none, the least, a few that are met again and again, the most, and any.
    pub(super) fn span(&mut self) -> u64 {
        match self.byte() {
            tens @ 0..=127 => u64::from(tens % 41) * 10 * MS,
            128..=191 => u64::from(self.number::<u16>()) * 6_103,
            least @ 192..=207 => u64::from(least % 4),
            most @ 208..=223 => u64::MAX - u64::from(most - 208),
            _ => self.number(),
        }
    }

    pub(super) fn duration(&mut self) -> Duration {
        Duration::from_nanos(self.span())
    }

    pub(super) fn positive(&mut self) -> Duration {
        Duration::from_nanos(self.span().max(1))
    }
}
