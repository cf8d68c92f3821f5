//! The gates through any operations: they do what their exact models do. Budget, breaker and bulkhead alone and as a tuple,
//! the others one by one, and all of them around whole calls.

mod aimd;
mod beside;
mod breaker;
mod budget;
mod calls;
mod cubic;
mod gradient;
mod latencies;
mod pause;
mod quota;
mod rate;
mod rules;
mod share;
mod throttle;

use insist_core::{
    Admission, AttemptEnd, Breaker, Budget, Bulkhead, Cause, Failure, Gate, Instant, Kind, Refusal, Settled,
};
use rules::Rules;

use super::plan::Words;

/// 73 years. A breaker's phases have room for twice as many, and cannot be told apart at their end. No power of two, after
/// which slots and phases of gates can be those of the origin.
const LAST: u64 = 2_300_000_000_000_000_123;

/// Reads gates and what is asked of them, and compares every answer with the models'.
///
/// # Panics
///
/// If one differs, or if something is not given back.
pub fn gates(bytes: &[u8]) {
    let mut words = Words::new(bytes);
    match words.below(25) {
        0 => throttle::run(&mut words),
        1 => quota::run(&mut words),
        2 => rate::run(&mut words),
        3 => latencies::run(&mut words),
        4 => aimd::run(&mut words),
        5 => gradient::run(&mut words),
        6 => pause::run(&mut words),
        7 => share::run(&mut words),
        8 => calls::over_the_others(&mut words),
        9 => cubic::run(&mut words),
        _ => three(&mut words),
    }
}

/// Budget, breaker and bulkhead.
fn three(words: &mut Words<'_>) {
    let rules = Rules::read(words);
    let (budget, breaker, bulkhead) = rules.gates();
    if words.is_rare(85) {
        calls::run(words, &(&budget, &breaker, &bulkhead));
        assert_eq!(bulkhead.in_flight(), 0, "an attempt was never settled");
        return;
    }
    let mut pairs = Pairs {
        model: rules.models(),
        rules,
        budget: &budget,
        breaker: &breaker,
        bulkhead: &bulkhead,
        now: 0,
        reserved: Vec::new(),
        open: Vec::new(),
    };
    while !words.is_empty() {
        pairs.step(words);
        pairs.compare();
    }
    pairs.settle_all();
}

/// The three gates a second time.
#[derive(Debug)]
struct Model {
    budget: budget::Budget,
    breaker: breaker::Breaker,
    in_flight: u32,
}

/// Says which gate was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    All,
    Budget,
    Breaker,
    Bulkhead,
}

impl Which {
    fn has(self, one: Self) -> bool {
        self == Self::All || self == one
    }
}

/// Returns what an attempt of this kind is for. How the one before it failed is nothing to these gates.
const fn cause(kind: Kind) -> Cause {
    match kind {
        Kind::Retry => Cause::retry(AttemptEnd::Timeout),
        Kind::Hedge => Cause::HEDGE,
        _ => Cause::FIRST,
    }
}

/// The gates and their models, asked the same.
struct Pairs<'g> {
    rules: Rules,
    model: Model,
    budget: &'g Budget,
    breaker: &'g Breaker,
    bulkhead: &'g Bulkhead,
    now: u64,
    reserved: Vec<(Which, Kind, u64)>,
    open: Vec<(Which, Kind, u64)>,
}

impl Pairs<'_> {
    fn gate<T>(&self, which: Which, ask: impl Fn(&dyn Gate) -> T) -> T {
        match which {
            Which::All => ask(&(self.budget, self.breaker, self.bulkhead)),
            Which::Budget => ask(self.budget),
            Which::Breaker => ask(self.breaker),
            Which::Bulkhead => ask(self.bulkhead),
        }
    }

    fn step(&mut self, words: &mut Words<'_>) {
        let (operation, which) =
            (words.below(8), words.pick(&[Which::All, Which::Budget, Which::Breaker, Which::Bulkhead]));
        let kind = words.pick(&[Kind::First, Kind::Retry, Kind::Hedge]);
        // A caller may be a little late, by no more than an open time.
        let late = if words.is_rare(24) { words.span() % self.rules.open_for.min(self.rules.window) } else { 0 };
        let now = self.now.saturating_sub(late);
        match operation {
            0..=1 => self.pass(words),
            2..=3 => self.admit(which, kind, now),
            4 => self.reserve(which, kind, now),
            5 if !self.reserved.is_empty() => {
                let place = usize::from(words.byte()) % self.reserved.len();
                let (which, kind, reserved) = self.reserved.swap_remove(place);
                if words.is_rare(128) {
                    self.refund(which, kind, now, reserved);
                }
            }
            _ if !self.open.is_empty() => {
                let place = usize::from(words.byte()) % self.open.len();
                let (which, kind, since) = self.open.swap_remove(place);
                let end = words.pick(&[
                    Some(AttemptEnd::Retry(Failure::new())),
                    Some(AttemptEnd::Accept),
                    Some(AttemptEnd::Timeout),
                    Some(AttemptEnd::Cancelled),
                    Some(AttemptEnd::Stop),
                    None,
                ]);
                self.settle(which, kind, since, now.max(since), end);
            }
            _ => self.many(words),
        }
    }

    /// Attempts one after the other, each as long as a bit says and with the end that another says.
    fn many(&mut self, words: &mut Words<'_>) {
        let (attempts, mut bits) = (words.byte(), words.number::<u64>());
        let took = words.pick(&[1, self.rules.window / 8]);
        for _ in 0..attempts {
            let open = self.open.len();
            self.admit(Which::Breaker, Kind::First, self.now);
            if self.open.len() == open {
                return;
            }
            let (which, kind, since) = self.open.pop().expect("it was let through");
            if bits & 2 != 0 {
                self.now = self.now.saturating_add(took).min(LAST);
            }
            let end = if bits & 1 != 0 { AttemptEnd::Timeout } else { AttemptEnd::Accept };
            self.settle(which, kind, since, self.now, Some(end));
            bits = bits.rotate_right(1);
        }
    }

    fn pass(&mut self, words: &mut Words<'_>) {
        let Rules { window, open_for, .. } = self.rules;
        let slot = window.div_ceil(10);
        let span = match words.below(12) {
            0 => 1,
            1 => slot - 1,
            2 => slot,
            3 => slot + 1,
            4 => window,
            5 => open_for,
            6 => open_for - 1,
            7 => open_for.saturating_mul(u64::from(words.byte())),
            8..=10 => u64::from(words.number::<u16>()) * (slot / 16_384).max(1),
            _ => words.span(),
        };
        self.now = self.now.saturating_add(span).min(LAST);
    }

    fn reserve(&mut self, which: Which, kind: Kind, now: u64) {
        let answer = self.gate(which, |gate| gate.reserve(Instant::from_nanos(now), &cause(kind)));
        let may = !which.has(Which::Budget) || kind == Kind::First || self.model.budget.charge(now);
        assert_eq!(
            answer,
            if may { Ok(()) } else { Err(Refusal::new(&"budget is used up")) },
            "reserve {kind} at {now}"
        );
        if may {
            self.reserved.push((which, kind, now));
        }
    }

    fn refund(&mut self, which: Which, kind: Kind, now: u64, reserved: u64) {
        self.gate(which, |gate| gate.refund(Instant::from_nanos(now), &cause(kind), Instant::from_nanos(reserved)));
        if which.has(Which::Budget) && kind != Kind::First {
            self.model.budget.refund(reserved);
        }
    }

    fn admit(&mut self, which: Which, kind: Kind, now: u64) {
        let answer = self.gate(which, |gate| gate.admit(Instant::from_nanos(now), &cause(kind)));
        let expected = self.expect(which, kind, now);
        assert_eq!(answer, expected, "admit {kind} at {now} by {:?}", self.rules);
        if answer == Admission::Yes {
            self.open.push((which, kind, now));
        }
    }

    /// One after the other; what a later one refuses was not sent for those before it.
    fn expect(&mut self, which: Which, kind: Kind, now: u64) -> Admission {
        let is_first = which.has(Which::Budget) && kind == Kind::First;
        if is_first {
            self.model.budget.send(now);
        }
        let mut answer = Admission::Yes;
        if which.has(Which::Breaker) {
            answer = self.model.breaker.admit(now);
        }
        if answer == Admission::Yes && which.has(Which::Bulkhead) {
            answer = self.enter(now);
            if answer != Admission::Yes && which.has(Which::Breaker) {
                self.model.breaker.unsend(now);
            }
        }
        if answer != Admission::Yes && is_first {
            self.model.budget.unsend(now);
        }
        answer
    }

    fn enter(&mut self, now: u64) -> Admission {
        if self.model.in_flight < self.rules.room {
            self.model.in_flight += 1;
            return Admission::Yes;
        }
        match self.rules.ask_again.and_then(|span| now.checked_add(span)) {
            Some(at) => Admission::NotBefore(Instant::from_nanos(at)),
            None => Admission::No(Refusal::new(&"bulkhead is full")),
        }
    }

    /// With no end, it was not sent after all.
    fn settle(&mut self, which: Which, kind: Kind, since: u64, now: u64, end: Option<AttemptEnd>) {
        let settled = end
            .map_or(Settled::Unsent(Instant::from_nanos(since)), |end| Settled::Ended(end, Instant::from_nanos(since)));
        self.gate(which, |gate| gate.settle(Instant::from_nanos(now), &cause(kind), &settled));
        if which.has(Which::Budget) && kind == Kind::First && end.is_none() {
            self.model.budget.unsend(since);
        }
        if which.has(Which::Breaker) {
            match end {
                Some(end) => self.model.breaker.end(now, end, since),
                None => self.model.breaker.unsend(since),
            }
        }
        if which.has(Which::Bulkhead) {
            self.model.in_flight -= 1;
        }
    }

    fn compare(&self) {
        let now = Instant::from_nanos(self.now);
        let state = self.budget.state(now);
        let (firsts, charged) = self.model.budget.counts(self.now);
        assert_eq!(state.firsts, firsts, "{:?} at {}", self.model.budget, self.now);
        assert_eq!(state.charged, charged, "{:?} at {}", self.model.budget, self.now);
        assert_eq!(state.left, self.model.budget.left(self.now), "{:?} at {}", self.model.budget, self.now);
        let state = self.breaker.state(now);
        assert_eq!(breaker::State::from(state), self.model.breaker.state(self.now), "{:?}", self.model.breaker);
        assert_eq!(self.bulkhead.in_flight(), self.model.in_flight, "the bulkhead counts otherwise");
    }

    fn settle_all(&mut self) {
        while let Some((which, kind, since)) = self.open.pop() {
            self.settle(which, kind, since, self.now.max(since), Some(AttemptEnd::Lost));
        }
        while let Some((which, kind, reserved)) = self.reserved.pop() {
            self.refund(which, kind, self.now, reserved);
        }
        self.compare();
        assert_eq!(self.bulkhead.in_flight(), 0, "an attempt was never settled");
    }
}
