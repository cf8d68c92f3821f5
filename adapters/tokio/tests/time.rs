//! tokio's time: waits, timeouts and deadlines are those of its paused clock.

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use insist_core::Action;
use insist_tokio::{AttemptEnd, Decision, Instant, Policy, Reason, Timer, TokioTimer, Verdict, retry};
use tokio::time::sleep;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const MINUTE: Duration = Duration::from_secs(60);
const POLICY: Policy = Policy::constant(MINUTE).cap(MINUTE).attempts(4);

#[tokio::test(start_paused = true)]
async fn retries_wait_in_virtual_time() {
    let (started, real) = (tokio::time::Instant::now(), std::time::Instant::now());
    let result = retry(&POLICY, |attempt| async move { if attempt.id < 4 { Err("down") } else { Ok(attempt.id) } });
    assert_eq!(result.await.unwrap(), 4);
    // tokio's wheel has slots of a millisecond, and rounds up.
    let waited = started.elapsed();
    assert!(waited >= 3 * MINUTE && waited < 3 * MINUTE + ms(10), "{waited:?}");
    assert!(real.elapsed() < MINUTE);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_dropped_at_its_timeout() {
    static DROPPED: AtomicU32 = AtomicU32::new(0);
    struct Drops;
    impl Drop for Drops {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    let policy = Policy::zero().attempts(3).attempt_timeout(ms(50));
    let (result, report) = retry(&policy, |attempt| async move {
        let _drops = Drops;
        // All that were sent before are gone by now.
        assert_eq!(DROPPED.load(Ordering::Relaxed), attempt.id - 1);
        if attempt.id < 3 {
            pending::<()>().await;
        }
        Ok::<_, ()>(attempt.id)
    })
    .report()
    .await;
    assert_eq!(result.unwrap(), 3);
    let ends: Vec<_> = report.log.entries().iter().map(|entry| entry.end).collect();
    assert_eq!(ends, [Some(AttemptEnd::Timeout), Some(AttemptEnd::Timeout), Some(AttemptEnd::Accept)]);
    assert!(report.elapsed >= ms(100) && report.elapsed < ms(110), "{:?}", report.elapsed);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_call_in_the_middle_of_an_attempt() {
    let policy = POLICY.deadline(MINUTE + ms(500));
    let started = tokio::time::Instant::now();
    let gave_up = retry(&policy, |attempt| async move {
        if attempt.id == 2 {
            pending::<()>().await;
        }
        Err::<(), _>(attempt.id)
    })
    .await
    .unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (Reason::Deadline, 2, Some(Err(1))));
    let took = started.elapsed();
    assert!(took >= MINUTE + ms(500) && took < MINUTE + ms(510), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_would_reach_the_deadline_is_not_waited() {
    let started = tokio::time::Instant::now();
    let gave_up = retry(&POLICY.deadline(MINUTE), |_| async { Err::<(), _>("down") }).await.unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Deadline, 1));
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_hint_delays_the_backoff_and_an_exact_one_takes_its_place() {
    let (result, report) = retry(&POLICY, |attempt| async move { Ok::<_, ()>(attempt.id) })
        .judge(|outcome| match outcome {
            Ok(1) => Verdict::retry().after(ms(5000)),
            Ok(2) => Verdict::retry().exactly_after(ms(20)),
            _ => Verdict::Accept,
        })
        .report()
        .await;
    assert_eq!(result.unwrap(), 3);
    let sent: Vec<_> = report.log.entries().iter().map(|entry| entry.sent).collect();
    let waits = [sent[1].saturating_since(sent[0]), sent[2].saturating_since(sent[1])];
    assert!(waits[0] >= MINUTE + ms(5000) && waits[0] < MINUTE + ms(5010), "{waits:?}");
    assert!(waits[1] >= ms(20) && waits[1] < ms(30), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_report_tells_of_a_call_that_gave_up() {
    let mut sends = 0;
    let (result, report) = retry(&POLICY.attempts(2), |_| async { Err::<(), _>("down") })
        .seed(9)
        .notify(|event| sends += u32::from(matches!(event.decision, Decision::Action(Action::Send(_)))))
        .report_with(|outcome| format!("{outcome:?}"))
        .await;
    assert_eq!(result.unwrap_err().last, Some(Err("down")));
    assert_eq!((report.reason, report.attempts, report.retries, report.seed), (Some(Reason::Attempts), 2, 1, 9));
    assert!(report.elapsed >= MINUTE && report.elapsed < MINUTE + ms(10), "{:?}", report.elapsed);
    let details: Vec<_> = report.log.entries().iter().map(|entry| entry.detail.as_deref()).collect();
    assert_eq!(details, [Some("Err(\"down\")"); 2]);
    assert_eq!(sends, 2);
}

#[tokio::test(start_paused = true)]
async fn an_instant_that_never_comes_can_be_slept_until() {
    let sleep_for_ever = TokioTimer.sleep_until(Instant::from_nanos(u64::MAX));
    tokio::select! {
        () = sleep_for_ever => panic!("the end of time has come"),
        () = sleep(MINUTE) => {}
    }
}

#[tokio::test]
async fn without_a_pause_the_clock_is_the_one_that_all_std_drivers_share() {
    let (before, now) = (Instant::now(), TokioTimer.now());
    assert!(before <= now && now <= Instant::now());
}
