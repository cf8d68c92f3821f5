//! How calls end, whatever was given to them: each finisher gives what it says, and none panics.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use insist_blocking::{
    Bulkhead, Canceller, GaveUp, LiveAttempt, NoOutcome, Policy, PolicyError, Reason, Terms, Verdict, VirtualClock,
    race, retry,
};

const POLICY: Policy = Policy::constant(Duration::from_secs(1)).attempts(5);

fn count(runs: &mut u32) -> Result<u32, String> {
    *runs += 1;
    Ok(*runs)
}

#[test]
fn an_invalid_policy_sends_nothing_and_says_what_is_wrong() {
    let mut runs = 0;
    let gave_up = retry(&POLICY.attempts(0), |_| count(&mut runs)).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Invalid);
    assert_eq!(gave_up.invalid, Some(PolicyError::NoAttempts));
    assert_eq!(gave_up.attempts, 0);
    assert_eq!(runs, 0);
    assert_eq!(
        gave_up.to_string(),
        "gave up before anything was sent: its policy is invalid: attempts is 0; a call needs at least 1",
    );
}

#[test]
fn a_policy_with_lanes_is_refused_because_it_has_to_be_raced() {
    let mut runs = 0;
    let gave_up = retry(POLICY.lanes(2), |_| count(&mut runs)).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Invalid);
    assert_eq!(gave_up.invalid, None);
    assert_eq!(runs, 0);
    assert!(gave_up.to_string().ends_with("; use race, which has room for more"), "{gave_up}");
}

#[test]
fn no_finisher_panics_on_a_policy_that_is_invalid_or_wants_lanes() {
    macro_rules! all {
        ($call:expr) => {{
            let error = $call.call().unwrap_err();
            assert!(error.starts_with("gave up before anything was sent: its policy is invalid: "), "{error}");
            assert_eq!($call.try_call().unwrap_err().reason, Reason::Invalid);
            assert_eq!($call.report().1.reason, Some(Reason::Invalid));
            assert_eq!($call.fallback(|_| 7).call(), 7);
            assert_eq!($call.fallback(|_| 7).report().0, 7);
        }};
    }
    for policy in [POLICY.attempts(0), POLICY.lanes(2)] {
        all!(retry(policy, |_| Ok::<u32, String>(1)));
    }
    for policy in [POLICY.attempts(0), POLICY.lanes(17)] {
        all!(race(policy, |_| Ok::<u32, String>(1)));
    }
    let error = retry(POLICY.attempts(0), |_| io::Result::Ok(())).call().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().ends_with("attempts is 0; a call needs at least 1"), "{error}");
}

#[test]
fn the_last_result_comes_back_also_where_a_gate_or_a_canceller_ended_the_call() {
    let full = Bulkhead::new(0);
    assert_eq!(retry(&POLICY, |_| Ok::<(), &str>(())).gate(&full).call(), Err("a gate refused another attempt"));
    let canceller = Canceller::new();
    let operation = |_: &LiveAttempt<'_>| {
        canceller.cancel();
        Err::<(), _>("down")
    };
    assert_eq!(retry(&POLICY, operation).cancel_with(&canceller).call(), Err("down"));
    assert_eq!(retry(&POLICY, operation).cancel_with(&canceller).call(), Err("it was cancelled"));
}

#[test]
fn a_policy_is_given_in_any_way_and_terms_are_shared_by_many_calls() {
    let clock = VirtualClock::new();
    let policy = Arc::new(POLICY.attempts(2));
    assert_eq!(retry(POLICY.attempts(2), |attempt| Err::<(), _>(attempt.id.to_string())).clock(&clock).call(), two());
    assert_eq!(retry(&*policy, |attempt| Err::<(), _>(attempt.id.to_string())).clock(&clock).call(), two());
    assert_eq!(retry(Arc::clone(&policy), |attempt| Err::<(), _>(attempt.id.to_string())).clock(&clock).call(), two());

    let judged = AtomicU32::new(0);
    let terms = Terms::new(policy)
        .when(|error: &String| {
            judged.fetch_add(1, Ordering::SeqCst);
            error != "2"
        })
        .gate(Bulkhead::new(1));
    for _ in 0..2 {
        assert_eq!(retry(&terms, |attempt| Err::<(), _>(attempt.id.to_string())).clock(&clock).call(), two());
    }
    assert_eq!(judged.load(Ordering::SeqCst), 4);
    assert_eq!(retry(terms, |attempt| Err::<(), _>(attempt.id.to_string())).clock(&clock).call(), two());
}

fn two() -> Result<(), String> {
    Err("2".to_owned())
}

/// Stands for what people have in place of an `io::Error`.
#[derive(Debug)]
enum ShopError {
    Closed,
    Gone(NoOutcome),
}

impl From<NoOutcome> for ShopError {
    fn from(none: NoOutcome) -> Self {
        Self::Gone(none)
    }
}

#[test]
fn an_error_of_ones_own_says_that_there_was_no_outcome() {
    let closed = retry(Policy::zero(), |_| Err::<(), _>(ShopError::Closed)).call();
    assert!(matches!(closed, Err(ShopError::Closed)), "{closed:?}");
    let refused = retry(Policy::zero(), |_| Err::<(), _>(ShopError::Closed)).gate(Bulkhead::new(0)).call();
    let Err(ShopError::Gone(none)) = refused else { panic!("{refused:?}") };
    assert_eq!(none.reason(), Reason::Refused);
}

fn panic_of(call: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    payload.downcast_ref::<&str>().unwrap().to_string()
}

#[test]
fn a_panic_of_the_operation_reaches_the_caller() {
    let mut runs = 0;
    let message = panic_of(|| {
        _ = retry(&POLICY, |_| -> Result<(), &str> {
            runs += 1;
            panic!("broken operation")
        })
        .call();
    });
    assert_eq!(message, "broken operation");
    assert_eq!(runs, 1);
}

/// A value that is neither `Debug` nor `Clone`.
struct Opaque;

#[derive(Debug)]
struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("down")
    }
}

impl std::error::Error for Down {}

#[test]
fn giving_up_is_an_error_whose_source_is_the_last_error_which_it_does_not_repeat() {
    fn program() -> Result<Opaque, Box<dyn std::error::Error + Send + Sync>> {
        let opaque = retry(Policy::zero(), |_| Err::<Opaque, _>(Down)).try_call()?;
        Ok(opaque)
    }
    let Err(error) = program() else { panic!("it is down") };
    assert_eq!(error.to_string(), "gave up after 3 attempts: no attempts were left");
    assert_eq!(error.source().unwrap().to_string(), "down");
    let gave_up = error.downcast::<GaveUp<Down>>().unwrap();
    assert!(matches!(gave_up.into_error(), Some(Down)));
}

#[test]
fn a_value_that_was_not_accepted_is_handed_back_too() {
    let call = || retry(Policy::zero(), |_| Ok::<_, Down>(Opaque)).judge(|_| Verdict::Stop);
    let gave_up = call().try_call().err().unwrap();
    assert_eq!(
        gave_up.to_string(),
        "gave up after 1 attempt: the outcome is not one that another attempt mends; the last result was not accepted",
    );
    assert!(format!("{gave_up:?}").contains("Ok(..)"), "{gave_up:?}");
    assert!(matches!(gave_up.last, Some(Ok(()))));
    let with_value = call().report().0.err().unwrap();
    assert!(matches!(with_value.last, Some(Ok(Opaque))));
}
