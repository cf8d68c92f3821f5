//! What `tracing` shows of a call is the same whichever driver carried it out, and work is shown in its attempt.

use insist_blocking::VirtualClock;
use insist_core::{Jitter, Policy, Verdict};
use insist_futures::VirtualTimer;
use insist_tests::by_hand::ms;

use crate::spans::printed;

const POLICY: Policy = Policy::constant(ms(1000)).jitter(Jitter::None).attempt_timeout(ms(9000));

fn work(id: u32) -> Result<u32, &'static str> {
    tracing::debug!("works");
    if id < 3 { Err("busy") } else { Ok(7) }
}

/// The work of an attempt that is polled more than once.
async fn pending_work(id: u32) -> Result<u32, &'static str> {
    futures_lite::future::yield_now().await;
    work(id)
}

fn judge(outcome: &Result<u32, &str>) -> Verdict {
    match outcome {
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::retry().after(ms(5)),
    }
}

#[test]
fn a_call_is_shown_the_same_by_futures_as_on_the_callers_thread_and_on_threads() {
    let by_future = printed(|| {
        let timer = VirtualTimer::new();
        let call = insist_futures::retry(&timer, POLICY, |attempt| pending_work(attempt.id));
        assert_eq!(timer.block_on(call.judge(judge).trace().call()), Ok(7));
    });
    let by_tokio = printed(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let call = insist_tokio::retry(POLICY, |attempt| pending_work(attempt.id));
        assert_eq!(runtime.block_on(async { call.judge(judge).trace().call().await }), Ok(7));
    });
    let on_this_thread = printed(|| {
        let call = insist_blocking::retry(POLICY, |attempt| work(attempt.id)).judge(judge);
        assert_eq!(call.clock(VirtualClock::new()).trace().call(), Ok(7));
    });
    let works = by_future.iter().filter(|line| line.starts_with("call:attempt{id=") && line.ends_with(": works"));
    assert_eq!(works.count(), 3, "{by_future:#?}");
    assert_eq!(by_future.len(), 9, "three attempts, their work, two waits, the call: {by_future:#?}");
    assert_eq!(by_future, by_tokio);
    assert_eq!(by_future, on_this_thread);
}

#[test]
fn the_work_of_a_race_on_threads_is_shown_in_its_attempts() {
    let policy = Policy::zero().attempts(3).attempt_timeout(ms(60_000));
    let lines = printed(|| {
        let call = insist_blocking::race(policy, |attempt| work(attempt.id));
        assert_eq!(call.trace().call(), Ok(7));
    });
    for id in 1..=3 {
        let says = |line: &&String| line.starts_with(&format!("call:attempt{{id={id} ")) && line.ends_with(": works");
        assert_eq!(lines.iter().filter(says).count(), 1, "{lines:#?}");
    }
}
