//! What was published about retries: "Metastable failures" and "Fixing retries with token buckets".

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use insist_core::{Action, AttemptEnd, Budget, Call, Cause, Gate, Handled, Instant, Policy, Refusal, Settled, Verdict};
use insist_tests::words::{RETRY, at, ms, sends};

use crate::aws::{Costs, available, quota as aws_quota};
use crate::draws::assert_near;
use crate::hand::played;

const ARRIVALS: u64 = 1_000_000_000 / 280;

const SERVICE: u64 = 1_000_000_000 / 300;

/// From and until when the server does nothing, in nanoseconds.
const OUTAGE: (u64, u64) = (10_000_000_000, 20_000_000_000);

const POLICY: Policy = Policy::zero().attempts(2).attempt_timeout(ms(1000));

type Boxed<'a> = Box<dyn Gate + 'a>;

struct World<'a> {
    calls: BTreeMap<u32, Call<&'static Policy, Boxed<'a>>>,
    timers: BinaryHeap<Reverse<(Instant, u32)>>,
    queue: VecDeque<(u32, u32)>,
    sent: u32,
}

impl World<'_> {
    /// Does what a call asks for, until it waits or is over.
    fn pump(&mut self, now: Instant, number: u32) {
        while let Some(call) = self.calls.get_mut(&number) {
            match call.poll(now) {
                Action::Send(attempt) => {
                    self.queue.push_back((number, attempt.id));
                    self.sent += 1;
                }
                // The server is not told.
                Action::Cancel { .. } => {}
                Action::Wait { until, .. } => {
                    self.timers.extend(until.map(|until| Reverse((until, number))));
                    return;
                }
                Action::Return(_) | Action::GiveUp(_) => {
                    self.calls.remove(&number);
                }
            }
        }
    }

    fn answer(&mut self, now: Instant, number: u32, attempt: u32) -> bool {
        let Some(call) = self.calls.get_mut(&number) else { return false };
        let is_in_time = call.handle(now, attempt, Verdict::Accept) == Handled::Over;
        self.pump(now, number);
        is_in_time
    }
}

/// Of the last ten seconds: sends a second, and the share of the calls that succeeded.
fn after<'a>(seconds: u64, gate: impl Fn() -> Boxed<'a>) -> (f64, f64) {
    let mut world = World { calls: BTreeMap::new(), timers: BinaryHeap::new(), queue: VecDeque::new(), sent: 0 };
    let (end, mut arrival, mut number) = (seconds * 1_000_000_000, 0, 0);
    let measured = end - 10_000_000_000;
    let mut served_at: Option<u64> = None;
    let (mut sent_before, mut succeeded) = (0, 0);
    loop {
        let timer = world.timers.peek().map_or(u64::MAX, |Reverse((until, _))| until.as_nanos());
        let served = served_at.unwrap_or(u64::MAX);
        let nanos = arrival.min(timer).min(served);
        if nanos >= end {
            return (f64::from(world.sent - sent_before) / 10.0, f64::from(succeeded) / (10.0 * 280.0));
        }
        if nanos < measured {
            sent_before = world.sent;
        }
        let now = Instant::from_nanos(nanos);
        if nanos == served {
            let (number, attempt) = world.queue.pop_front().expect("it was served");
            let is_in_time = world.answer(now, number, attempt);
            succeeded += u32::from(is_in_time && nanos >= measured);
            served_at = None;
        } else if nanos == timer {
            let Some(Reverse((_, number))) = world.timers.pop() else { unreachable!() };
            world.pump(now, number);
        } else {
            number += 1;
            arrival += ARRIVALS;
            world.calls.insert(number, Call::new(&POLICY, gate(), now, 7));
            world.pump(now, number);
        }
        if served_at.is_none() && !world.queue.is_empty() {
            let start = if (OUTAGE.0..OUTAGE.1).contains(&nanos) { OUTAGE.1 } else { nanos };
            served_at = Some(start + SERVICE);
        }
    }
}

fn nothing<'a>() -> Boxed<'a> {
    Box::new(())
}

#[test]
fn before_the_outage_there_is_room() {
    let (load, succeeded) = after(10, nothing);
    assert!((275.0..=285.0).contains(&load), "{load}");
    assert!(succeeded > 0.98, "{succeeded}");
}

/// 560 a second, long after the outage, and nothing succeeds.
#[test]
fn retries_without_a_budget_keep_the_server_down() {
    let (load, succeeded) = after(65, nothing);
    assert!((550.0..=570.0).contains(&load), "{load}");
    assert!(succeeded < 0.01, "{succeeded}");
}

/// 280 × 1.1 = 308 is still more than 300. The default of 0.2 even more so: a budget has to fit the room that there is.
#[test]
fn a_budget_of_a_tenth_is_too_much_for_a_server_without_room() {
    let budget = Budget::new(0.1).with_reserve(0);
    let (load, succeeded) = after(65, || Box::new(&budget));
    assert!((300.0..=310.0).contains(&load), "{load}");
    assert!(succeeded < 0.01, "{succeeded}");
}

/// 280 × 1.02 = 285.6 leaves 14 a second to work off what the outage left behind, in about three minutes.
#[test]
fn a_budget_that_fits_the_room_lets_the_server_recover() {
    let budget = Budget::new(0.02).with_reserve(0);
    let (load, succeeded) = after(235, || Box::new(&budget));
    assert!((275.0..=285.0).contains(&load), "{load}");
    assert!(succeeded > 0.98, "{succeeded}");
}

/// AWS's quota pays for retries with successes: there are none, so there are no retries either.
#[test]
fn the_quota_lets_the_server_recover() {
    let quota = aws_quota(Costs::V2_1, 500);
    let (load, succeeded) = after(185, || Box::new(&quota));
    assert!((275.0..=285.0).contains(&load), "{load}");
    assert!(succeeded > 0.98, "{succeeded}");
    assert!(available(&quota, at(0)) > 400, "the successes have filled it again");
}

struct Bucket(Cell<f64>);

impl Gate for Bucket {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        // Ten tenths are a little less than one.
        let left = self.0.get() - 1.0 + 1e-9;
        if left < 0.0 {
            return Err(Refusal::new(&"bucket is empty"));
        }
        self.0.set(left);
        Ok(())
    }

    fn refund(&self, _: Instant, _: &Cause, _: Instant) {
        self.0.set(self.0.get() + 1.0);
    }

    fn settle(&self, _: Instant, _: &Cause, settled: &Settled) {
        if let Settled::Ended(AttemptEnd::Accept, _) = settled {
            self.0.set((self.0.get() + 0.1).min(10.0));
        }
    }
}

/// The share of 20,000 calls that succeed, and the sends for each, when attempts fail with this probability. Clients make
/// so many calls each.
fn outcome<G: Gate>(gate: impl Fn() -> G, p: f64, calls: u32) -> (f64, f64) {
    let policy = Policy::zero().attempts(4);
    let mut random = fastrand::Rng::with_seed(7);
    let (mut succeeded, mut sent, all) = (0, 0, 20_000);
    for _ in 0..all / calls {
        let gate = gate();
        for _ in 0..calls {
            let verdicts = [0; 4].map(|_| if random.f64() < p { RETRY } else { Verdict::Accept });
            let timeline = played(&policy, &gate, &verdicts);
            succeeded += u32::from(timeline.steps.iter().any(|step| matches!(step.action, Action::Return(_))));
            sent += sends(&timeline).len();
        }
    }
    (f64::from(succeeded) / f64::from(all), sent as f64 / f64::from(all))
}

#[track_caller]
fn assert_outcome((availability, load): (f64, f64), expected: (f64, f64)) {
    assert_near(availability, expected.0, 0.015);
    assert_near(load, expected.1, 0.015);
}

#[test]
fn three_retries_quadruple_the_load_when_everything_fails() {
    let rows = [(0.01, 1.0, 1.01), (0.1, 0.9999, 1.111), (0.3, 0.9918, 1.416), (0.5, 0.9374, 1.875), (1.0, 0.0, 4.0)];
    for (p, availability, load) in rows {
        assert_outcome(outcome(|| (), p, 2000), (availability, load));
    }
}

#[test]
fn a_bucket_retries_what_is_rare_and_gives_up_on_an_outage() {
    let rows = [
        (0.01, 1.0, 1.01),
        (0.05, 1.0, 1.052),
        (0.1, 0.9887, 1.099),
        (0.2, 0.8735, 1.092),
        (0.3, 0.7556, 1.08),
        (0.5, 0.5288, 1.058),
        (0.7, 0.3105, 1.036),
        (1.0, 0.0, 1.005),
    ];
    for (p, availability, load) in rows {
        assert_outcome(outcome(|| Bucket(Cell::new(10.0)), p, 2000), (availability, load));
    }
}

/// Every client brings a full bucket: with 20 calls each it hardly limits anything.
#[test]
fn a_bucket_of_a_client_that_calls_little_is_no_limit() {
    for (calls, availability, load) in [(2000, 0.7556, 1.08), (200, 0.7864, 1.123), (20, 0.9768, 1.395)] {
        assert_outcome(outcome(|| Bucket(Cell::new(10.0)), 0.3, calls), (availability, load));
    }
}

/// insist's budget pays for retries with first sends and not with successes, so an outage costs a tenth and not nothing;
/// what is rare is retried as with the bucket.
#[test]
fn a_budget_keeps_the_load_of_an_outage_at_its_ratio() {
    let budget = || Budget::new(0.1);
    assert_outcome(outcome(budget, 0.05, 2000), (1.0, 1.052));
    let (availability, load) = outcome(budget, 1.0, 2000);
    assert_eq!(availability, 0.0);
    assert_near(load, 1.1 + 10.0 / 2000.0, 1e-9);
}
