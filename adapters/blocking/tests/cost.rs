//! What a call costs whose first attempt succeeds: no clock, no random number, no allocation, no thread.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use insist_blocking::{Bulkhead, Canceller, Clock, Gate, Policy, Terms, Verdict, VirtualClock, race, retry};
use insist_core::{Admission, Cause, Instant};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
const TIMED: Policy = POLICY.deadline(Duration::from_secs(1)).attempt_timeout(Duration::from_millis(500));

type Outcome = Result<usize, &'static str>;

/// A clock that nobody may read.
struct Broken;

impl Clock for Broken {
    fn now(&self) -> Instant {
        panic!("the clock was read")
    }
    fn sleep_until(&self, _: Instant) {
        panic!("somebody slept")
    }
}

#[test]
fn a_first_success_allocates_nothing() {
    let borrowed = String::from("hello");
    let cost = allocation_counter::measure(|| {
        let value = retry(&POLICY, |_| Outcome::Ok(borrowed.len())).when(|_| true).call();
        assert_eq!(value, Ok(5));
        let value = retry(&TIMED, |_| Outcome::Ok(borrowed.len())).judge(|_| Verdict::Accept).try_call();
        assert_eq!(value.ok(), Some(5));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn a_first_success_of_terms_or_of_an_arc_allocates_nothing() {
    let policy = Arc::new(TIMED);
    let terms = Terms::new(Arc::clone(&policy)).when(|_: &&str| true).gate(Bulkhead::new(1));
    let cost = allocation_counter::measure(|| {
        assert_eq!(retry(&terms, |_| Outcome::Ok(5)).call(), Ok(5));
        assert_eq!(retry(Arc::clone(&policy), |_| Outcome::Ok(5)).call(), Ok(5));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn retries_allocate_nothing_either() {
    let clock = VirtualClock::new();
    let cost = allocation_counter::measure(|| {
        let value = retry(&POLICY, |attempt| if attempt.id < 5 { Err("down") } else { Ok(attempt.id) }).clock(&clock);
        assert_eq!(value.call(), Ok(5));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn a_race_that_runs_on_this_thread_starts_none() {
    let caller = thread::current().id();
    let cost = allocation_counter::measure(|| {
        let ran_on = race(&POLICY, |_| Ok::<_, &str>(thread::current().id())).call();
        assert_eq!(ran_on, Ok(caller));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn a_canceller_that_is_not_used_allocates_nothing_more() {
    let canceller = Canceller::new();
    let cost = allocation_counter::measure(|| {
        let value = retry(&POLICY, |attempt| Ok::<_, &str>(attempt.is_cancelled())).cancel_with(&canceller).call();
        assert_eq!(value, Ok(false));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn a_first_success_reads_no_clock() {
    assert_eq!(retry(&POLICY, |_| Outcome::Ok(1)).clock(Broken).call(), Ok(1));
}

#[cfg(feature = "tracing")]
#[test]
fn tracing_that_nobody_listens_to_costs_nothing() {
    let cost = allocation_counter::measure(|| {
        let value = retry(&POLICY, |_| Outcome::Ok(1)).trace_as("price").clock(Broken).call();
        assert_eq!(value, Ok(1));
        let clock = VirtualClock::new();
        let value = retry(&POLICY, |_| Err::<(), _>("down")).trace().clock(&clock).call();
        assert_eq!(value, Err("down"));
    });
    assert_eq!(cost.count_total, 0);
}

/// A clock that counts who reads it.
#[derive(Default)]
struct Counted(Cell<u32>);

impl Clock for Counted {
    fn now(&self) -> Instant {
        self.0.set(self.0.get() + 1);
        Instant::ZERO
    }
    fn sleep_until(&self, _: Instant) {
        panic!("somebody slept")
    }
}

#[test]
fn a_first_success_under_a_deadline_reads_the_clock_once() {
    let clock = Counted::default();
    assert_eq!(retry(&TIMED, |_| Outcome::Ok(1)).clock(&clock).call(), Ok(1));
    assert_eq!(clock.0.get(), 1);
}

/// A clock that sleeps and cannot tell the time.
#[derive(Default)]
struct Sleeper(Cell<Duration>);

impl Clock for Sleeper {
    fn now(&self) -> Instant {
        panic!("the clock was read")
    }
    fn sleep_until(&self, _: Instant) {
        panic!("somebody slept until an instant")
    }
    fn sleep(&self, span: Duration) {
        self.0.set(self.0.get() + span);
    }
}

#[test]
fn retries_without_timers_read_no_clock_and_sleep_as_long_as_the_policy_says() {
    let clock = Sleeper::default();
    let result = retry(&POLICY, |_| Err::<(), _>("down")).seed(7).clock(&clock).call();
    assert_eq!(result, Err("down"));
    assert_eq!(clock.0.get(), POLICY.delays(7).sum());
}

/// A gate that wants to know the time.
struct Timed;

impl Gate for Timed {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        assert_eq!(now, Instant::from_nanos(5_000_000_000));
        Admission::Yes
    }
}

#[test]
fn a_gate_that_looks_at_the_time_is_told_it() {
    let clock = VirtualClock::new();
    clock.advance(Duration::from_secs(5));
    assert_eq!(retry(&POLICY, |_| Outcome::Ok(1)).clock(&clock).gate(&Timed).call(), Ok(1));
}

#[test]
fn a_hook_is_told_the_time() {
    let clock = VirtualClock::new();
    clock.advance(Duration::from_secs(5));
    let mut at = Vec::new();
    let call = retry(&POLICY, |_| Outcome::Ok(1)).clock(&clock).notify(|event| at.push((event.at, event.elapsed)));
    assert_eq!(call.call(), Ok(1));
    assert_eq!(at, [(Instant::from_nanos(5_000_000_000), Duration::ZERO); 3]);
}
