//! Random plans in great numbers: the pieces are drawn once, as `random` has them, and plans are put together of them.

use insist_core::{HedgeAfter, Policy, Repeat, Verdict};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::expected::first_word;
use crate::gate::{Answers, Made};
use crate::plan::{Move, Plan};
use crate::random;

/// As many moves as a plan has at most.
const MOVES: u64 = 60;

/// Pieces of plans; the same number gives the same plans.
pub(super) struct Deck {
    number: u64,
    drawn: u32,
    policies: Vec<Policy>,
    frames: Vec<(u64, (usize, bool), Made)>,
    repeats: Vec<Repeat>,
    answers: Vec<Answers>,
    hedging: Vec<Vec<HedgeAfter>>,
    moves: Vec<Move>,
    verdicts: Vec<Verdict>,
}

impl Deck {
    pub(super) fn new(number: u64) -> Self {
        let mut runner = TestRunner::new(random::config(number, 1));
        Self {
            number,
            drawn: 0,
            policies: some(600, &mut runner, random::policy()),
            frames: some(100, &mut runner, random::frame()),
            repeats: some(50, &mut runner, random::repeat()),
            answers: some(300, &mut runner, random::answers()),
            hedging: some(100, &mut runner, random::hedging()),
            moves: some(4000, &mut runner, random::any_move()),
            verdicts: some(100, &mut runner, random::verdict()),
        }
    }

    /// The next plan.
    pub(super) fn plan(&mut self) -> Plan {
        let (start, (room, is_narrow), made) = self.pick(|deck| &deck.frames);
        let policy = self.pick(|deck| &deck.policies);
        let length = self.word() % MOVES;
        Plan {
            policy: if is_narrow { policy.lanes(1) } else { policy },
            seed: self.word(),
            repeat: self.pick(|deck| &deck.repeats),
            start,
            room,
            made,
            answers: [(); 3].map(|()| self.pick(|deck| &deck.answers)),
            hedge: self.pick(|deck| &deck.hedging),
            moves: (0..length).map(|_| self.pick(|deck| &deck.moves)).collect(),
            last: self.pick(|deck| &deck.verdicts),
        }
    }

    fn pick<T: Clone>(&mut self, pile: impl Fn(&Self) -> &[T]) -> T {
        let word = self.word();
        let pile = pile(self);
        pile[(word % pile.len() as u64) as usize].clone()
    }

    fn word(&mut self) -> u64 {
        self.drawn += 1;
        first_word(self.number, 0, self.drawn)
    }
}

fn some<T>(count: usize, runner: &mut TestRunner, strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut draw = || strategy.new_tree(runner).expect("nothing is refused").current();
    (0..count).map(|_| draw()).collect()
}
