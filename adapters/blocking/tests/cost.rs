//! What a call costs whose first attempt succeeds: no clock, no random number, no allocation.

use std::cell::Cell;
use std::time::Duration;

use insist_blocking::{Admission, Canceller, Clock, Gate, Instant, Kind, Policy, Verdict, VirtualClock, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

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
        let value = retry(&POLICY, |_| Ok::<_, ()>(borrowed.len())).when(|()| true).call();
        assert_eq!(value, Ok(5));
        let timed = POLICY.deadline(Duration::from_secs(1)).attempt_timeout(Duration::from_millis(500));
        let value = retry(&timed, |_| Ok::<_, ()>(borrowed.len())).judge(|_| Verdict::Accept).try_call();
        assert_eq!(value.ok(), Some(5));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn retries_allocate_nothing_either() {
    let clock = VirtualClock::new();
    let cost = allocation_counter::measure(|| {
        let value = retry(&POLICY, |attempt| if attempt.id < 5 { Err(()) } else { Ok(attempt.id) }).clock(&clock);
        assert_eq!(value.call(), Ok(5));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn a_canceller_that_is_not_used_allocates_nothing_more() {
    let canceller = Canceller::new();
    let cost = allocation_counter::measure(|| {
        let value = retry(&POLICY, |attempt| Ok::<_, ()>(attempt.is_cancelled())).cancel_with(&canceller).try_call();
        assert_eq!(value.ok(), Some(false));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn a_first_success_reads_no_clock() {
    assert_eq!(retry(&POLICY, |_| Ok::<_, ()>(1)).clock(Broken).call(), Ok(1));
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
    fn admit(&self, now: Instant, _: Kind) -> Admission {
        assert_eq!(now, Instant::from_nanos(5_000_000_000));
        Admission::Yes
    }
}

#[test]
fn a_gate_that_looks_at_the_time_is_told_it() {
    let clock = VirtualClock::new();
    clock.advance(Duration::from_secs(5));
    assert_eq!(retry(&POLICY, |_| Ok::<_, ()>(1)).clock(&clock).gate(&Timed).try_call().ok(), Some(1));
}

#[test]
fn a_hook_is_told_the_time() {
    let clock = VirtualClock::new();
    clock.advance(Duration::from_secs(5));
    let mut at = Vec::new();
    assert_eq!(retry(&POLICY, |_| Ok::<_, ()>(1)).clock(&clock).notify(|event| at.push(event.at)).call(), Ok(1));
    assert_eq!(at, [Instant::from_nanos(5_000_000_000); 3]);
}
