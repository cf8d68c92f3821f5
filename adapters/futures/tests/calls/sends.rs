//! What can be sent to another thread: every call whose operation can.

use std::future::{Future, IntoFuture, ready};
use std::sync::Arc;
use std::time::Duration;

use insist_futures::{Attempt, Budget, Policy, VirtualTimer, race, retry};

static POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(3);
static BUDGET: Budget = Budget::new(0.2);

fn assert_send<F: IntoFuture<IntoFuture: Send + 'static>>(call: F) {
    drop(call.into_future());
}

/// As a generic wrapper of one's own would have it.
fn wrap<F, A>(operation: F) -> impl Future<Output = Option<u32>> + Send
where
    F: FnMut(Attempt) -> A + Send,
    A: Future<Output = Result<u32, &'static str>> + Send,
{
    let call = retry(VirtualTimer::new(), &POLICY, operation).gate(&BUDGET).into_future();
    async move { call.await.ok() }
}

#[test]
fn a_call_can_be_sent_if_its_operation_can() {
    let operation = |attempt: Attempt| async move { if attempt.id < 2 { Err("busy") } else { Ok(attempt.id) } };
    let timer = VirtualTimer::new;
    let (policy, budget) = (Arc::new(POLICY), Arc::new(Budget::default()));
    assert_send(retry(timer(), &POLICY, operation));
    assert_send(retry(timer(), &POLICY, operation).call());
    assert_send(retry(timer(), &POLICY, operation).report());
    assert_send(retry(timer(), &POLICY, operation).fallback(|_| 1));
    assert_send(retry(timer(), &POLICY, operation).fallback(|_| 1).report());
    assert_send(retry(timer(), &POLICY, operation).gate(&BUDGET).when(|_| true).notify(|_| ()));
    assert_send(retry(timer(), Arc::clone(&policy), operation).gate(Arc::clone(&budget)));
    assert_send(race(timer(), &POLICY, operation).gate(&BUDGET));
    assert_send(race(timer(), Arc::clone(&policy), operation).gate((&BUDGET, Arc::clone(&budget))).report());
    assert_send(race(timer(), policy, operation).room::<16>().fallback(|_| 1));
    assert_send(async move { wrap(operation).await });
}

#[test]
fn a_call_that_was_made_on_one_thread_runs_on_another() {
    let (policy, budget) = (Arc::new(POLICY), Arc::new(Budget::default()));
    let timer = VirtualTimer::new();
    let operation = |attempt: Attempt| ready(if attempt.id < 3 { Err("no") } else { Ok(attempt.id) });
    let call = retry(timer.clone(), policy, operation).gate(budget).into_future();
    let result = std::thread::spawn(move || timer.block_on(call)).join().expect("it does not panic");
    assert_eq!(result.ok(), Some(3));
}

/// A call is shared between threads if its parts are, its gate too.
#[test]
fn a_call_with_a_gate_is_sync_if_its_parts_are() {
    fn assert_sync<F: IntoFuture<IntoFuture: Sync>>(call: F) {
        drop(call.into_future());
    }
    let operation = |attempt: Attempt| ready(Ok::<_, &str>(attempt.id));
    assert_sync(retry(VirtualTimer::new(), &POLICY, operation).gate(&BUDGET));
    assert_sync(race(VirtualTimer::new(), &POLICY, operation).gate(&BUDGET).report());
}
