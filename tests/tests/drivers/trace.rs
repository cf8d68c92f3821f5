//! What `tracing` shows of a call is the same whichever driver carried it out. (With an attempt timeout, one that waits
//! beside its attempt also shows until when it waits; on the caller's thread nothing waits beside an attempt.)

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use insist::{Attempt, Jitter, Policy, Verdict};
use insist_blocking::VirtualClock;
use insist_futures::VirtualTimer;
use insist_tests::by_hand::ms;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A line for each span that closes, without how long it was open, and for each event.
fn shown(run: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = subscriber.set_default();
    run();
    drop(guard);
    let bytes = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let text = String::from_utf8(bytes).expect("text");
    text.lines().filter_map(|line| line.split(" close").next()).map(str::to_owned).collect()
}

#[test]
fn a_call_is_shown_the_same_by_a_future_as_on_the_callers_thread() {
    let policy = Policy::constant(ms(1000)).jitter(Jitter::None);
    let outcome = |id| if id < 3 { Err("busy") } else { Ok(7) };
    let judge = |outcome: &Result<i32, &str>| match outcome {
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::retry().after(ms(5)),
    };
    let by_future = shown(|| {
        let timer = VirtualTimer::new();
        let call = || insist_futures::retry(&timer, &policy, |attempt: Attempt| async move { outcome(attempt.id) });
        assert_eq!(timer.block_on(async { call().judge(judge).trace().await }).ok(), Some(7));
    });
    let on_this_thread = shown(|| {
        let call = insist_blocking::retry(&policy, |attempt| outcome(attempt.id)).judge(judge);
        assert_eq!(call.clock(VirtualClock::new()).trace().call(), Ok(7));
    });
    assert!(by_future.len() == 6, "{by_future:#?}");
    assert_eq!(by_future, on_this_thread);
}
