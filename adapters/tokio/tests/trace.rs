//! A call tells `tracing` what it decides, in the span that it was made in, and its attempts run in spans of their own.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_tokio::{Policy, race, retry, retry_local};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::{MakeWriter, fmt};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

fn subscriber(lines: &Lines) -> impl tracing::Subscriber + Send + Sync + use<> {
    fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(lines.clone())
        .without_time()
        .with_ansi(false)
        .finish()
}

/// Runs a future in paused time, and gives what a subscriber of this thread prints.
fn printed<F: Future>(call: impl FnOnce() -> F) -> String {
    let lines = Lines::default();
    tracing::subscriber::with_default(subscriber(&lines), || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async { call().await });
    });
    lines.take()
}

const POLICY: Policy = Policy::constant(Duration::from_millis(1)).attempts(3);

/// As a client would: it works a while, and says so.
async fn works(id: u32) -> Result<u32, &'static str> {
    tracing::info!("begins");
    tokio::time::sleep(Duration::from_millis(5)).await;
    tracing::info!("ends");
    if id < 3 { Err("down") } else { Ok(7) }
}

#[test]
fn a_spawned_call_has_its_spans_and_so_has_that_of_a_service() {
    let lines = printed(|| async {
        let call = retry(POLICY, |attempt| works(attempt.id)).trace_as("get price");
        assert_eq!(tokio::spawn(call.call()).await.unwrap(), Ok(7));
    });
    let closed = |what: &str| lines.lines().filter(|line| line.contains("close") && line.contains(what)).count();
    assert_eq!(closed("attempt{id="), 3, "{lines}");
    assert_eq!(closed("end=\"accept\""), 1, "{lines}");
    assert!(lines.contains("get price") && lines.contains("attempts=3 winner=3"), "{lines}");

    #[cfg(feature = "tower")]
    {
        use insist_tokio::tower::Layer;
        use std::sync::atomic::{AtomicU32, Ordering};
        use tower::{Layer as _, ServiceExt, service_fn};

        static SENDS: AtomicU32 = AtomicU32::new(0);
        let service = service_fn(|()| works(1 + SENDS.fetch_add(1, Ordering::Relaxed)));
        let lines = printed(|| Layer::retry(POLICY).trace().layer(service).oneshot(()));
        assert_eq!(lines.matches("ends").count(), 3, "{lines}");
        assert!(lines.contains("attempts=3 winner=3"), "{lines}");
    }
}

/// Shows what an operation traces in the span of its attempt, at its first poll and at all others, raced and borrowed
/// too.
#[test]
fn what_an_operation_traces_is_in_the_span_of_its_attempt() {
    let raced = printed(|| race(POLICY.lanes(2), |attempt| works(attempt.id)).trace().call());
    let borrowed = printed(|| {
        let mut sends = 0;
        async move {
            let call = retry_local(POLICY, async |attempt| {
                sends += 1;
                works(attempt.id).await
            });
            call.trace().call().await
        }
    });
    for lines in [raced, borrowed] {
        let said: Vec<_> = lines.lines().filter(|line| line.contains("begins") || line.contains("ends")).collect();
        assert!(said.len() >= 5, "{lines}");
        for line in said {
            assert!(line.contains(" call") && line.contains(":attempt{id="), "{line}");
        }
    }
}

/// A call that is dropped before its end says so, and so does what was in flight.
#[test]
fn a_call_that_is_dropped_says_so() {
    let lines = printed(|| async {
        let call = retry(POLICY, |attempt| works(attempt.id)).trace().call();
        assert!(tokio::time::timeout(Duration::from_millis(2), call).await.is_err());
    });
    let cancelled = |what: &str| lines.lines().any(|line| line.contains(what) && line.contains("close"));
    assert!(cancelled("end=\"cancelled\""), "{lines}");
    assert!(cancelled("reason=\"cancelled\""), "{lines}");
}
