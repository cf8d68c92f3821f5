//! A spawned call tells `tracing` what it decides, in the span that it was made in.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_tokio::{Policy, retry};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spawned_call_has_its_spans_and_so_has_that_of_a_service() {
    let lines = Lines::default();
    let subscriber = fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(lines.clone())
        .without_time()
        .with_ansi(false)
        .finish();
    tracing_subscriber::util::SubscriberInitExt::init(subscriber);

    let policy = Arc::new(Policy::constant(Duration::from_millis(1)).attempts(3));
    let call = retry(policy, |attempt| async move { if attempt.id < 3 { Err("down") } else { Ok(7) } }).trace();
    assert_eq!(tokio::spawn(call.try_call()).await.unwrap().unwrap(), 7);

    let lines_of = |lines: &Lines| String::from_utf8(std::mem::take(&mut *lines.0.lock().unwrap())).unwrap();
    let check = |lines: String| {
        let closed = |what: &str| lines.lines().filter(|line| line.contains("close") && line.contains(what)).count();
        assert_eq!(closed("attempt{id="), 3, "{lines}");
        assert_eq!(closed("verdict=\"accept\""), 1, "{lines}");
        assert!(lines.contains("call{attempts=3 winner=3}"), "{lines}");
    };
    check(lines_of(&lines));

    #[cfg(feature = "tower")]
    {
        use insist_tokio::tower::Layer;
        use std::sync::atomic::{AtomicU32, Ordering};
        use tower::{Layer as _, ServiceExt, service_fn};

        static POLICY: Policy = Policy::constant(Duration::from_millis(1)).attempts(3);
        static SENDS: AtomicU32 = AtomicU32::new(0);
        let fail_twice = |()| async { if SENDS.fetch_add(1, Ordering::Relaxed) < 2 { Err("down") } else { Ok(7) } };
        let call = Layer::retry(&POLICY).trace().layer(service_fn(fail_twice)).oneshot(());
        assert_eq!(tokio::spawn(call).await.unwrap().unwrap(), 7);
        check(lines_of(&lines));
    }
}
