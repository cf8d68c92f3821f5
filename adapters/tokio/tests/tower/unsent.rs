//! An attempt that only waited for readiness was not sent, and is known not to have been.

use std::future::pending;
use std::sync::{Arc, Mutex};

use insist_core::AttemptEnd;
use insist_tokio::tower::Layer;
use insist_tokio::{Decision, Event, Policy, Repeat, Sent, Verdict};
use tower::limit::ConcurrencyLimit;
use tower::{Layer as _, ServiceExt};

use crate::ms;
use crate::strict::Strict;

/// A call that must not be repeated is repeated after an attempt that had no place until its timeout.
#[tokio::test(start_paused = true)]
async fn a_call_that_waited_for_a_place_until_its_timeout_is_sent_again() {
    let (service, counts) =
        Strict::new(|number, ()| async move { if number < 3 { Err("refused") } else { Ok(number) } });
    let limited = ConcurrencyLimit::new(service, 1);
    let verdicts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&verdicts);
    let policy = Policy::constant(ms(5)).attempts(4).attempt_timeout(ms(50));
    let layer = Layer::retry(policy)
        .repeat(Repeat::IfUnsent)
        .judge(|outcome: &Result<u32, &str>| match outcome {
            Ok(_) => Verdict::Accept,
            Err(_) => Verdict::retry().unsent(),
        })
        .notify(move |event: &Event<'_, u32, &str>| {
            if let Decision::Judged(judged) = event.decision {
                seen.lock().unwrap().push(AttemptEnd::from(judged.verdict));
            }
        });
    // The place is taken between the first attempt and its retry, and given back after 30 ms more than it has.
    let mut other = limited.clone();
    let call = tokio::spawn(layer.layer(limited).oneshot(()));
    tokio::time::sleep(ms(1)).await;
    other.ready().await.unwrap();
    tokio::time::sleep(ms(80)).await;
    drop(other);
    assert_eq!(call.await.unwrap().unwrap(), 3);
    assert_eq!(counts.calls(), 3, "an attempt that had no place was not a call of the service");
    let unsent = |end: &AttemptEnd| matches!(end, AttemptEnd::Retry(failure) if failure.sent == Sent::No);
    let verdicts = verdicts.lock().unwrap();
    assert!(verdicts[..3].iter().all(unsent), "{verdicts:?}");
    assert_eq!(verdicts[3], AttemptEnd::Accept);
}

/// An attempt that was called and took too long may have been sent.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_called_and_took_too_long_may_have_been_sent() {
    let (service, counts) = Strict::new(|_, ()| pending::<Result<(), &str>>());
    let policy = Policy::zero().attempts(3).attempt_timeout(ms(50));
    let error = Layer::retry(policy).repeat(Repeat::IfUnsent).layer(service).oneshot(()).await.unwrap_err();
    assert_eq!(counts.calls(), 1, "{error}");
}

/// A request that is sent once is not cloned.
#[tokio::test]
async fn a_request_of_a_policy_with_one_attempt_is_not_cloned() {
    #[derive(Debug)]
    struct Precious;
    impl Clone for Precious {
        fn clone(&self) -> Self {
            panic!("it was cloned")
        }
    }
    let (service, counts) = Strict::new(|_, _: Precious| async { Err::<(), _>("down") });
    let error = Layer::retry(Policy::zero().attempts(1)).layer(service).oneshot(Precious).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), counts.calls()), ("down", 1));
}
