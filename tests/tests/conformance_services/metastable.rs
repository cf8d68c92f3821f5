//! "Metastable failures in distributed systems" (HotOS 2021): 280 requests a second, a server that can do 300, an attempt
//! timeout of 1 s, one retry, and an outage of ten seconds.
//!
//! The server works on whatever it was sent, first come, first served, also when nobody waits for it any more. So the
//! retries of an outage can keep it busy for ever; a budget says whether they do.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use insist_core::{Action, Budget, Call, Gate, Handled, Instant, Policy, Verdict};
use insist_tests::by_hand::{at, ms};
use insist_tests::throttle::{Costs, RetryQuota};

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
    let quota = RetryQuota::new(Costs::V2_1);
    let (load, succeeded) = after(185, || Box::new(&quota));
    assert!((275.0..=285.0).contains(&load), "{load}");
    assert!(succeeded > 0.98, "{succeeded}");
    assert!(quota.available(at(0)) > 400, "the successes have filled it again");
}
