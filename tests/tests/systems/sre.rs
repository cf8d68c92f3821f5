//! Google, "Site Reliability Engineering", chapters 21 and 22: what retries make of the load, and adaptive throttling.
//!
//! The book's retry budget is 10 % of all requests; insist's ratio is that to first sends, where 0.1 is a load of 1.1.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use insist_core::{
    Action, Admission, AttemptEnd, Budget, Call, Cause, Failure, Gate, Instant, Policy, Reason, Refusal, Sent, Settled,
    Verdict,
};
use insist_tests::words::{RETRY, THROTTLED, at, gave_up, sends};

use crate::draws::assert_near;
use crate::hand::{Closed, lock, played};

const SLOTS: u64 = 20;

/// The gate: an attempt is refused with probability (requests − K × accepts) / (requests + 1) over the window.
///
/// Requests are counted when they are about to be sent, those included that are refused here. Accepts are what the
/// backend took on, failures of any other kind than too much to do included.
#[derive(Debug)]
pub(crate) struct AdaptiveThrottle {
    k: f64,
    slot: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    slots: VecDeque<Slot>,
    random: fastrand::Rng,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    number: u64,
    requests: f64,
    accepts: f64,
}

impl AdaptiveThrottle {
    /// K is 2 in the book; less turns away more. The window is two minutes. The seed is for its dice.
    #[must_use]
    pub(crate) fn new(k: f64, seed: u64) -> Self {
        let state = State { slots: VecDeque::new(), random: fastrand::Rng::with_seed(seed) };
        Self { k, slot: 120_000_000_000 / SLOTS, state: Mutex::new(state) }
    }

    /// How far back it counts.
    #[must_use]
    pub(crate) fn window(mut self, window: Duration) -> Self {
        self.slot = (window.as_nanos() as u64 / SLOTS).max(1);
        self
    }

    /// The probability that an attempt is refused now.
    #[must_use]
    pub(crate) fn refusal(&self, now: Instant) -> f64 {
        let mut state = lock(&self.state);
        self.slot_of(&mut state, now);
        self.probability(&state)
    }

    fn probability(&self, state: &State) -> f64 {
        let requests: f64 = state.slots.iter().map(|slot| slot.requests).sum();
        let accepts: f64 = state.slots.iter().map(|slot| slot.accepts).sum();
        ((requests - self.k * accepts) / (requests + 1.0)).max(0.0)
    }

    /// The newest slot, after what is old was forgotten.
    fn slot_of<'a>(&self, state: &'a mut State, now: Instant) -> &'a mut Slot {
        let newest = state.slots.back().map_or(0, |slot| slot.number);
        let number = (now.as_nanos() / self.slot).max(newest);
        while state.slots.front().is_some_and(|slot| slot.number + SLOTS <= number) {
            state.slots.pop_front();
        }
        if state.slots.is_empty() || newest < number {
            state.slots.push_back(Slot { number, ..Slot::default() });
        }
        state.slots.back_mut().expect("one was put there")
    }
}

impl Gate for AdaptiveThrottle {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        let mut state = lock(&self.state);
        self.slot_of(&mut state, now);
        let refusal = self.probability(&state);
        self.slot_of(&mut state, now).requests += 1.0;
        if state.random.f64() < refusal {
            Admission::No(Refusal::new(&"the backend turns too much away"))
        } else {
            Admission::Yes
        }
    }

    fn settle(&self, now: Instant, _: &Cause, settled: &Settled) {
        let mut state = lock(&self.state);
        let slot = self.slot_of(&mut state, now);
        match *settled {
            // The backend was not asked, or nobody waited for what it says.
            Settled::Ended(end, _) if end.is_cancelled() => slot.requests -= 1.0,
            Settled::Ended(AttemptEnd::Accept | AttemptEnd::Stop, _) => slot.accepts += 1.0,
            Settled::Ended(AttemptEnd::Retry(failure), _) if failure.sent == Sent::Maybe && !failure.throttled => {
                slot.accepts += 1.0;
            }
            Settled::Ended(..) => {}
            _ => slot.requests -= 1.0,
        }
    }
}

/// Sends for each call, of 20,000 whose attempts fail with this probability.
fn load(gate: &impl Gate, p: f64) -> f64 {
    let (policy, calls) = (Policy::zero(), 20_000);
    let mut random = fastrand::Rng::with_seed(7);
    let sent: usize = (0..calls)
        .map(|_| {
            let verdicts = [0; 3].map(|_| if random.f64() < p { RETRY } else { Verdict::Accept });
            sends(&played(&policy, gate, &verdicts)).len()
        })
        .sum();
    sent as f64 / f64::from(calls)
}

/// 1.749, 2.711 and 3.
#[test]
fn three_attempts_are_three_times_the_load_when_everything_fails() {
    assert_near(load(&(), 0.5), 1.749, 0.02);
    assert_near(load(&(), 0.9), 2.711, 0.02);
    assert_eq!(load(&(), 1.0), 3.0);
}

/// 1.1, exactly.
#[test]
fn a_tenth_of_the_first_sends_is_the_most_that_a_budget_adds() {
    let budget = || Budget::new(0.1).with_reserve(0);
    assert_eq!(load(&budget(), 1.0), 1.1);
    for p in [0.5, 0.9] {
        assert!(load(&budget(), p) <= 1.1, "{p}");
    }
}

/// How often the bottom of so many layers is asked, each of which makes so many attempts, when nothing succeeds.
fn asked(layers: u32, attempts: u32) -> u64 {
    if layers == 0 {
        return 1;
    }
    let (policy, sent) = (Policy::zero().attempts(attempts), Cell::new(0));
    let mut call = Call::new(&policy, (), at(0), 7);
    while let Action::Send(attempt) = call.poll(at(0)) {
        sent.set(sent.get() + asked(layers - 1, attempts));
        let _ = call.handle(at(0), attempt.id, RETRY);
    }
    sent.get()
}

/// 3³ = 27, 3⁴ = 81, 4³ = 64 (the book's), 3⁵ = 243 (the Amazon Builders' Library's).
#[test]
fn layers_that_all_retry_multiply() {
    assert_eq!([asked(3, 3), asked(4, 3), asked(3, 4), asked(5, 3)], [27, 81, 64, 243]);
}

/// And where a layer passes on that its callee gave up, they do not: the layers above stop.
#[test]
fn layers_that_stop_do_not_multiply() {
    let below = gave_up(&played(&Policy::zero(), &(), &[RETRY; 3])).reason;
    let verdict = if below == Reason::Attempts { Verdict::Stop } else { RETRY };
    assert_eq!(sends(&played(&Policy::zero(), &(), &[verdict; 3])).len(), 1);
}

/// Requests that reach a backend for each one that it takes on, when it is offered so many times what it can take.
fn reaching(k: f64, offered: u32) -> f64 {
    let throttle = AdaptiveThrottle::new(k, 7).window(Duration::from_secs(2));
    let (mut reached, mut accepted) = (0_u32, 0_u32);
    for step in 0..600 {
        let now = at(step * 10);
        let (mut admitted, mut taken_on) = (0, 0);
        for _ in 0..offered * 10 {
            if throttle.admit(now, &Cause::FIRST) == Admission::Yes {
                let has_room = taken_on < 10;
                settle(&throttle, now, if has_room { AttemptEnd::Accept } else { THROTTLED.into() });
                admitted += 1;
                taken_on += u32::from(has_room);
            }
        }
        if step >= 200 {
            reached += admitted;
            accepted += taken_on;
        }
    }
    f64::from(reached) / f64::from(accepted)
}

/// K requests reach the backend for each that it takes on, however many are offered.
#[test]
fn adaptive_throttling_lets_k_requests_through_for_each_accepted() {
    for offered in [2, 4, 10] {
        assert_near(reaching(2.0, offered), 2.0, 0.05);
        assert_near(reaching(1.1, offered), 1.1, 0.05);
    }
}

fn settle(throttle: &AdaptiveThrottle, now: Instant, end: AttemptEnd) {
    throttle.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
}

fn admit(throttle: &AdaptiveThrottle, now: Instant, count: usize) {
    for _ in 0..count {
        let _ = throttle.admit(now, &Cause::FIRST);
    }
}

/// (requests - K × accepts) / (requests + 1); 0 while more than one in K is taken on.
#[test]
fn the_probability_is_that_of_the_book() {
    let throttle = AdaptiveThrottle::new(2.0, 7);
    assert_eq!(throttle.refusal(at(0)), 0.0);
    admit(&throttle, at(0), 100);
    (0..60).for_each(|_| settle(&throttle, at(0), AttemptEnd::Accept));
    assert_eq!(throttle.refusal(at(0)), 0.0);
    admit(&throttle, at(0), 100);
    assert_near(throttle.refusal(at(0)), (200.0 - 120.0) / 201.0, 1e-9);
    assert_eq!(throttle.refusal(at(120_000)), 0.0, "two minutes later it is forgotten");
}

/// A failure that is not about the load was taken on by the backend; one that did not get there was not, and a loser
/// that was cancelled was not asked at all.
#[test]
fn only_what_was_turned_away_or_never_arrived_counts_against_the_backend() {
    let refusal = |end| {
        let throttle = AdaptiveThrottle::new(2.0, 7);
        admit(&throttle, at(0), 10);
        (0..10).for_each(|_| settle(&throttle, at(0), end));
        throttle.refusal(at(0))
    };
    let taken_on = [AttemptEnd::Accept, AttemptEnd::Stop, AttemptEnd::Retry(Failure::new()), AttemptEnd::Cancelled];
    assert!(taken_on.into_iter().all(|end| refusal(end) == 0.0));
    let not = [THROTTLED.into(), Verdict::retry().unsent().into(), AttemptEnd::Timeout];
    assert!(not.into_iter().all(|end| refusal(end) > 0.9));
}

/// Nor is what another gate refuses.
#[test]
fn what_another_gate_refuses_does_not_count() {
    let throttle = AdaptiveThrottle::new(2.0, 7);
    let gates = (&throttle, Closed { for_firsts: true });
    (0..10).for_each(|_| assert_eq!(gave_up(&played(&Policy::zero(), &gates, &[])).reason, Reason::Refused));
    assert_eq!(throttle.refusal(at(0)), 0.0);
}

/// A call that the throttle turns away has sent nothing.
#[test]
fn a_call_is_turned_away_before_it_is_sent() {
    let throttle = AdaptiveThrottle::new(2.0, 7);
    let refused = (0..1000).filter(|_| {
        let timeline = played(&Policy::zero().attempts(1), &throttle, &[THROTTLED]);
        sends(&timeline).is_empty() && gave_up(&timeline).reason == Reason::Refused
    });
    assert!(refused.count() > 900);
}
