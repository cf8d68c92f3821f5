//! Room for lanes, and the policies that a call cannot go by: refused before anything is sent.

use std::future::{IntoFuture, Ready, pending, ready};
use std::time::Duration;

use insist_futures::{Attempt, LANES, Policy, Reason, VirtualTimer, race, retry};

const POLICY: Policy = Policy::zero();

fn never_sent(_: Attempt) -> Ready<Result<(), &'static str>> {
    panic!("it was sent")
}

fn block_on<F: IntoFuture>(call: F) -> F::Output {
    VirtualTimer::new().block_on(call.into_future())
}

#[test]
fn a_policy_with_more_lanes_than_there_is_room_for_is_refused() {
    let policy = POLICY.lanes(LANES as u8 + 1);
    let gave_up = block_on(race(VirtualTimer::new(), &policy, never_sent)).expect_err("it has no room");
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.room), (Reason::Invalid, 0, 4));
    let gave_up = block_on(retry(VirtualTimer::new(), &policy, never_sent)).expect_err("it has no room");
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.room), (Reason::Invalid, 0, 1));
}

#[test]
fn every_room_has_as_many_lanes_as_it_says() {
    fn widest<const ROOM: usize>() -> u8
    where
        insist_futures::Lanes<ROOM>: insist_futures::Room,
    {
        let policy = POLICY.lanes(ROOM as u8).attempts(20);
        // Only the last lane answers, so all of them are in flight at once.
        let operation = |attempt: Attempt| async move {
            if usize::from(attempt.lane) + 1 == ROOM { Ok::<_, ()>(attempt.lane + 1) } else { pending().await }
        };
        block_on(race(VirtualTimer::new(), &policy, operation).room::<ROOM>()).expect("the last lane answers")
    }
    let widest = [
        widest::<1>(),
        widest::<2>(),
        widest::<3>(),
        widest::<4>(),
        widest::<5>(),
        widest::<6>(),
        widest::<7>(),
        widest::<8>(),
        widest::<12>(),
        widest::<16>(),
    ];
    assert_eq!(widest, [1, 2, 3, 4, 5, 6, 7, 8, 12, 16]);
}

#[test]
fn no_finisher_panics_on_an_invalid_policy_or_on_one_that_may_end_without_a_result() {
    let sentence = |policy: Policy| block_on(retry(VirtualTimer::new(), policy, never_sent).call()).unwrap_err();
    assert_eq!(sentence(POLICY.attempts(0)), "its policy is invalid");
    assert_eq!(sentence(POLICY.lanes(2)), "its policy is invalid");
    let timer = VirtualTimer::new();
    let policy = POLICY.attempts(1).attempt_timeout(Duration::from_secs(1));
    let hangs = retry(timer.clone(), policy, |_| pending::<Result<(), &str>>());
    assert_eq!(timer.block_on(hangs.call()), Err("no attempts were left"));
    let (result, report) = block_on(race(VirtualTimer::new(), POLICY.attempts(0), never_sent).report());
    assert_eq!(result.unwrap_err().reason, Reason::Invalid);
    assert_eq!(report.attempts, 0);
    assert_eq!(block_on(retry(VirtualTimer::new(), POLICY.lanes(0), never_sent).fallback(|_| ())), ());
}

#[test]
fn a_call_ends_with_the_operations_own_result() {
    let operation = |attempt: Attempt| ready(if attempt.id < 3 { Err("no") } else { Ok(attempt.id) });
    assert_eq!(block_on(retry(VirtualTimer::new(), &POLICY, operation).call()), Ok(3));
    assert_eq!(block_on(retry(VirtualTimer::new(), &POLICY.attempts(2), operation).call()), Err("no"));
    assert_eq!(block_on(race(VirtualTimer::new(), &POLICY.lanes(2), operation).call()), Ok(3));
}

/// A policy is given by value, by reference, in a pointer, or in terms, which many calls share.
#[test]
fn a_policy_is_given_in_any_way() {
    use insist_futures::{Budget, Terms};
    let operation = |attempt: Attempt| ready(if attempt.id < 3 { Err("no") } else { Ok(attempt.id) });
    let timer = VirtualTimer::new;
    let policy = POLICY.attempts(3);
    assert_eq!(block_on(retry(timer(), policy, operation).call()), Ok(3));
    assert_eq!(block_on(retry(timer(), &policy, operation).call()), Ok(3));
    assert_eq!(block_on(retry(timer(), std::sync::Arc::new(policy), operation).call()), Ok(3));
    let terms = Terms::new(policy).when(|error: &&str| *error == "no").gate(Budget::default());
    assert_eq!(block_on(retry(timer(), &terms, operation).call()), Ok(3));
    assert_eq!(block_on(race(timer(), &terms, operation).call()), Ok(3));
    assert_eq!(block_on(retry(timer(), terms, operation).when(|_| false).call()), Err("no"));
}
