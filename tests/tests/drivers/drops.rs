//! A call that is dropped at any moment leaves nothing behind: in every scenario of the table after each of its polls,
//! and in random calls at random instants.

use std::cell::{Cell, RefCell};
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::task::Poll;

use insist_core::{Attempt, Breaker, Budget, Bulkhead, Jitter, Kind, Policy, Verdict};
use insist_futures::{Timer, VirtualTimer, race};
use insist_tests::gate::{Answers, Scripted};
use insist_tests::random;
use insist_tests::words::ms;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::drive::gate_is_even;
use crate::scenario::{Given, SEED, Scenario, judge};
use crate::table::table;

/// Counts the attempts that are alive.
struct Alive<'a>(&'a Cell<i32>);

impl<'a> Alive<'a> {
    fn new(count: &'a Cell<i32>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Polls a future so often, and then drops it. Says whether it has ended before.
fn polled<F: Future>(timer: &VirtualTimer, future: F, polls: u32) -> bool {
    let mut future = Some(Box::pin(future));
    let mut left = polls;
    timer.block_on(poll_fn(|context| {
        let Some(polled) = future.as_mut().filter(|_| left > 0) else {
            future = None;
            return Poll::Ready(false);
        };
        left -= 1;
        let poll = polled.as_mut().poll(context).map(|_| true);
        if left == 0 && poll.is_pending() {
            context.waker().wake_by_ref();
        }
        poll
    }))
}

#[test]
fn after_each_poll_of_every_scenario_nothing_is_left() {
    let mut drops = 0;
    let has_room = |scenario: &Scenario| scenario.races || scenario.policy.get_lanes() == 1;
    for scenario in table().into_iter().filter(has_room) {
        for polls in 0.. {
            let (timer, notes, alive) = (VirtualTimer::new(), RefCell::default(), Cell::new(0));
            let gate = scenario.make_gate(&notes);
            let bulkhead = Bulkhead::new(4);
            let operation = |attempt: Attempt| {
                let alive = Alive::new(&alive);
                let answer = scenario.answer(attempt.id);
                let timer = &timer;
                async move {
                    let _alive = alive;
                    match answer {
                        Some((after, given)) => {
                            timer.sleep(after).await;
                            given
                        }
                        None => pending::<Given>().await,
                    }
                }
            };
            let call = race(&timer, &scenario.policy, operation).judge(judge).gate((&gate, &bulkhead));
            let has_ended = polled(&timer, call.repeat(scenario.repeat).seed(SEED).into_future(), polls);
            let scene = format!("{} after {polls} polls", scenario.name);
            assert_eq!(alive.get(), 0, "{scene}");
            assert_eq!(bulkhead.in_flight(), 0, "{scene}");
            assert_eq!(gate_is_even(&notes.borrow()), Ok(()), "{scene}");
            drops += 1;
            if has_ended {
                break;
            }
        }
    }
    assert!(drops > 200, "{drops}");
}

/// A call that is dropped at an instant, all in milliseconds.
#[derive(Clone, Debug)]
struct Dropped {
    policy: Policy,
    /// Holds what attempts end with, round and round: after how long, and a number for what it is.
    ends: Vec<(u64, u8)>,
    reserve: Vec<bool>,
    at: u64,
}

fn dropped() -> impl Strategy<Value = Dropped> {
    let policy = (0..100u64, 1..12u32, 1..=4u8, 0..60u64, (0..200u64, 0..600u64), any::<bool>());
    (policy, vec((0..120u64, 0..8u8), 1..8), vec(any::<bool>(), 0..6), 0..500u64).prop_map(
        |(policy, ends, reserve, at)| {
            let (wait, attempts, lanes, hedge, (timeout, deadline), on_failure) = policy;
            let mut policy = Policy::constant(ms(wait)).jitter(Jitter::Full).attempts(attempts).lanes(lanes);
            policy = policy.hedge_after(ms(hedge)).hedge_on_failure(on_failure);
            if timeout > 0 {
                policy = policy.attempt_timeout(ms(timeout));
            }
            if deadline > 300 {
                policy = policy.deadline(ms(deadline));
            }
            Dropped { policy, ends, reserve, at }
        },
    )
}

impl Dropped {
    fn is_clean(&self) -> Result<(), String> {
        let (timer, notes, alive, sent) = (VirtualTimer::new(), RefCell::default(), Cell::new(0), Cell::new(0u64));
        let answers = Answers { reserve: self.reserve.clone(), admit: Vec::new() };
        let scripted = Scripted::new(1, answers, &notes);
        let (budget, bulkhead) = (Budget::new(1.0).with_reserve(100), Bulkhead::new(4));
        let breaker = Breaker::new(1.0).min_throughput(1000);
        let operation = |attempt: Attempt| {
            let alive = Alive::new(&alive);
            sent.set(sent.get() + u64::from(attempt.kind != Kind::First));
            let (after, end) = self.ends[attempt.id as usize % self.ends.len()];
            let timer = &timer;
            async move {
                let _alive = alive;
                timer.sleep(ms(after)).await;
                match end {
                    0 => pending().await,
                    1 | 2 => Ok(()),
                    end => Err(end),
                }
            }
        };
        let judge = |outcome: &Result<(), u8>| match outcome {
            Ok(()) => Verdict::Accept,
            Err(3) => Verdict::retry().after(ms(30)),
            Err(_) => Verdict::retry(),
        };
        let gate = (&scripted, &budget, &bulkhead, &breaker);
        let mut call = Some(Box::pin(race(&timer, &self.policy, operation).judge(judge).gate(gate).into_future()));
        let mut drop_at = Box::pin(timer.sleep(ms(self.at)));
        timer.block_on(poll_fn(|context| {
            let is_over = call.as_mut().is_some_and(|call| call.as_mut().poll(context).is_ready());
            if is_over || drop_at.as_mut().poll(context).is_ready() {
                call = None;
                return Poll::Ready(());
            }
            Poll::Pending
        }));
        let charged = budget.state(timer.now()).charged;
        let left = (alive.get(), bulkhead.in_flight(), charged.abs_diff(sent.get()));
        if left != (0, 0, 0) {
            return Err(format!("{left:?} alive, in flight, charged and not sent"));
        }
        gate_is_even(&notes.borrow())
    }
}

#[test]
fn random_calls_that_are_dropped_at_random_instants_leave_nothing() {
    let mut runner = TestRunner::new(random::config(4001, 2000));
    let result = runner.run(&dropped(), |dropped| dropped.is_clean().map_err(TestCaseError::fail));
    if let Err(error) = result {
        panic!("{error}");
    }
}
