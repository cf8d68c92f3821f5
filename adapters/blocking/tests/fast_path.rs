//! A call that runs without a machine does what the machine would do: the same calls, once on the fast path and once
//! with a gate that lets everything pass, which is not on it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use insist_blocking::{AtEnd, Bulkhead, Clock, GaveUp, Jitter, List, LiveAttempt, Policy, Repeat, Verdict, retry};
use insist_core::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// A clock that keeps what it is asked for.
#[derive(Default)]
struct Kept {
    now: Cell<Duration>,
    waits: RefCell<Vec<Duration>>,
}

impl Clock for Kept {
    fn now(&self) -> Instant {
        Instant::ZERO.checked_add(self.now.get()).unwrap()
    }
    fn sleep_until(&self, until: Instant) {
        self.sleep(until.saturating_since(self.now()));
    }
    fn sleep(&self, span: Duration) {
        self.waits.borrow_mut().push(span);
        self.now.set(self.now.get().saturating_add(span));
    }
}

/// Says which verdict the attempt of this number has. Odd numbers end with an `Ok`, even ones with an `Err`.
type Script = fn(u32) -> Verdict;

const SCRIPTS: [Script; 10] = [
    |_| Verdict::Accept,
    |_| Verdict::retry(),
    |_| Verdict::Stop,
    |id| if id < 4 { Verdict::retry() } else { Verdict::Accept },
    |id| if id < 3 { Verdict::retry() } else { Verdict::Stop },
    |id| if id == 2 { Verdict::retry().after(3 * SECOND) } else { Verdict::retry() },
    |id| if id == 3 { Verdict::retry().exactly_after(Duration::ZERO) } else { Verdict::retry() },
    |id| if id == 2 { Verdict::retry().after(1000 * SECOND) } else { Verdict::retry() },
    |id| if id == 3 { Verdict::retry().unsent() } else { Verdict::retry() },
    |id| if id == 1 { Verdict::retry().throttled() } else { Verdict::retry() },
];

fn policies() -> Vec<Policy> {
    let long = Duration::from_secs(u64::MAX / 1_000_000_000 / 3);
    vec![
        Policy::zero(),
        Policy::stop(),
        Policy::constant(SECOND).attempts(4),
        Policy::constant(SECOND).attempts(1),
        Policy::constant(SECOND).jitter(Jitter::Full).attempts(9).lane_attempts(4),
        Policy::exponential(SECOND).attempts(7),
        Policy::exponential(SECOND).unlimited_attempts().lane_attempts(5),
        Policy::exponential(SECOND).jitter(Jitter::Equal).cap_that_stops(4 * SECOND).attempts(9),
        Policy::exponential(SECOND).factor(1.5).floor(SECOND).attempts(5),
        Policy::fibonacci(SECOND).attempts(6),
        Policy::decorrelated(SECOND).attempts(6),
        Policy::list(List::new(&[SECOND, Duration::from_secs(2)]), AtEnd::Stop).attempts(9),
        Policy::list(List::new(&[SECOND, Duration::from_secs(2)]), AtEnd::Repeat).attempts(5),
        Policy::constant(long).no_cap().attempts(9),
        Policy::constant(Duration::MAX),
        Policy::constant(Duration::from_nanos(u64::MAX - 1)),
        Policy::constant(SECOND).attempts(4).deadline(2500 * Duration::from_millis(1)),
        Policy::constant(SECOND).attempts(4).attempt_timeout(SECOND),
        Policy::constant(SECOND).attempts(0),
        Policy::constant(SECOND).lanes(2),
    ]
}

/// All that can be seen of a call.
#[derive(Debug, PartialEq)]
struct Seen {
    attempts: Vec<String>,
    waits: Vec<Duration>,
    call: Result<u32, String>,
    try_call: Result<u32, GaveUp<String>>,
    fallback: u32,
}

fn seen(policy: &Policy, script: Script, repeat: Repeat, on_the_fast_path: bool) -> Seen {
    let (clock, mut attempts) = (Kept::default(), Vec::new());
    let mut operation = |attempt: &LiveAttempt<'_>| {
        attempts.push(format!("{:?} {:?}", **attempt, attempt.timeout()));
        if attempt.id % 2 == 1 { Ok(attempt.id) } else { Err(attempt.id.to_string()) }
    };
    let number = |outcome: &Result<u32, String>| match outcome {
        Ok(id) => *id,
        Err(id) => id.parse().unwrap(),
    };
    macro_rules! made {
        ($finisher:ident) => {{
            let call = retry(policy, &mut operation).judge(|outcome| script(number(outcome)));
            let call = call.clock(&clock).repeat(repeat).seed(7);
            if on_the_fast_path { call.$finisher() } else { call.gate(None::<Bulkhead>).$finisher() }
        }};
    }
    let (call, try_call) = (made!(call), made!(try_call));
    let described = retry(policy, &mut operation).judge(|outcome| script(number(outcome)));
    let described = described.clock(&clock).repeat(repeat).seed(7);
    let value = |gave_up: GaveUp<String, u32>| 1000 + gave_up.attempts;
    let fallback = if on_the_fast_path {
        described.fallback(value).call()
    } else {
        described.gate(None::<Bulkhead>).fallback(value).call()
    };
    Seen { attempts, waits: clock.waits.into_inner(), call, try_call, fallback }
}

#[test]
fn a_call_without_a_machine_does_what_one_with_it_does() {
    for policy in policies() {
        for (number, script) in SCRIPTS.into_iter().enumerate() {
            for repeat in [Repeat::Always, Repeat::IfUnsent, Repeat::Never] {
                let without = seen(&policy, script, repeat, true);
                let with = seen(&policy, script, repeat, false);
                assert_eq!(without, with, "script {number}, {repeat:?}, {policy:?}");
            }
        }
    }
}
