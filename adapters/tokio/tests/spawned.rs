//! Calls are spawned with closures for everything, whatever lifetimes their errors have: `&'static str`, `Box<dyn Error>`.

use std::error::Error;

use insist_tokio::{Policy, Verdict, race, retry, retry_local};
use tokio::spawn;

type Boxed = Box<dyn Error + Send + Sync>;

const POLICY: Policy = Policy::zero().attempts(2);

async fn boxed() -> Result<u32, Boxed> {
    Err("down".into())
}

async fn text() -> Result<u32, &'static str> {
    Err("down")
}

macro_rules! each_word_and_end {
    ($name:ident, $driver:ident, $ask:ident) => {
        #[tokio::test]
        async fn $name() {
            let end = spawn(async {
                $driver(POLICY, |_| $ask()).when(|error| error.to_string().contains("down")).call().await
            });
            assert_eq!(end.await.unwrap().unwrap_err().to_string(), "down");
            let end = spawn(async { $driver(POLICY, |_| $ask()).judge(|_| Verdict::Stop).try_call().await });
            assert_eq!(end.await.unwrap().unwrap_err().attempts, 1);
            let end = spawn(async { $driver(POLICY, |_| $ask()).notify(|_| ()).report().await });
            assert_eq!(end.await.unwrap().1.attempts, 2);
            let end = spawn(async { $driver(POLICY, |_| $ask()).on_retry(|_| ()).report_with(Result::is_err).await });
            assert_eq!(end.await.unwrap().1.log.to_string().lines().count(), 2);
            let end = spawn(async { $driver(POLICY, |_| $ask()).when(|_| true).fallback(|_| 7).call().await });
            assert_eq!(end.await.unwrap(), 7);
        }
    };
}

each_word_and_end!(a_retry_with_a_boxed_error, retry, boxed);
each_word_and_end!(a_retry_with_a_text_for_an_error, retry, text);
each_word_and_end!(a_race_with_a_boxed_error, race, boxed);
each_word_and_end!(a_race_with_a_text_for_an_error, race, text);

#[tokio::test]
async fn the_call_itself() {
    let end = spawn(async { retry(POLICY, |_| boxed()).when(|_| true).await });
    assert_eq!(end.await.unwrap().unwrap_err().attempts, 2);
    let end = spawn(retry(POLICY, |_| boxed()).when(|_| true).call());
    assert!(end.await.unwrap().is_err());
}

#[tokio::test]
async fn an_operation_that_owns_what_it_borrows() {
    let end = spawn(async {
        let mut sent = 0;
        let call = retry_local(POLICY, async move |_| {
            sent += 1;
            boxed().await
        });
        call.when(|_| true).report().await
    });
    assert_eq!(end.await.unwrap().1.attempts, 2);
}

/// Its judge is a function: tower asks whether a service with a closure is one for every lifetime.
#[cfg(feature = "tower")]
#[tokio::test]
async fn a_service() {
    use insist_tokio::tower::{Error as Insisting, Layer};
    use tower::{Layer as _, ServiceExt, service_fn};

    fn is_down(error: &Boxed) -> bool {
        error.to_string().contains("down")
    }

    let end = spawn(async {
        let service = Layer::retry(POLICY).when(is_down).layer(service_fn(|()| boxed()));
        service.oneshot(()).await
    });
    assert!(matches!(end.await.unwrap(), Err(Insisting::Service(error)) if is_down(&error)));
}
