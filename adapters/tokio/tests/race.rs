//! Several attempts at once: hedges open, losers are gone before the winner is returned.

use std::cell::RefCell;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use insist_tokio::{AttemptEnd, Budget, Latencies, Policy, race};
use tokio::time::sleep;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const HEDGED: Policy = Policy::zero().lanes(2).hedge_after(ms(20)).attempts(2);

/// Notes its name when it is dropped.
struct Noted<'a>(&'a RefCell<Vec<String>>, &'static str, Duration);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        thread::sleep(self.2);
        self.0.borrow_mut().push(format!("{} dropped", self.1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hedge_opens_when_the_first_is_slow_and_the_loser_is_dropped_before_the_return() {
    let notes = RefCell::new(Vec::new());
    let started = tokio::time::Instant::now();
    let (result, report) = race(&HEDGED, |attempt| {
        let noted = Noted(&notes, if attempt.lane == 0 { "first" } else { "hedge" }, Duration::ZERO);
        async move {
            let _noted = noted;
            sleep(if attempt.lane == 0 { ms(60_000) } else { ms(5) }).await;
            Ok::<_, ()>(attempt.lane)
        }
    })
    .report()
    .await;
    notes.borrow_mut().push("returned".into());
    assert_eq!(result.unwrap(), 1);
    assert_eq!((report.hedges, report.attempts), (1, 2));
    let ends: Vec<_> = report.log.entries().iter().map(|entry| entry.end).collect();
    assert_eq!(ends, [Some(AttemptEnd::Lost), Some(AttemptEnd::Accept)]);
    assert_eq!(*notes.borrow(), ["hedge dropped", "first dropped", "returned"]);
    assert!(started.elapsed() < ms(60));
}

/// Answers take 100 ms at first and 10 ms later; a hedge opens at the 95th percentile of the latest.
#[tokio::test(start_paused = true)]
async fn a_hedge_opens_at_a_percentile_of_the_latest_answers_that_calls_share() {
    const AT_P95: Policy = Policy::zero().lanes(2).hedge_at(95.0).attempts(2);
    let latencies = Latencies::new();
    let call = async |first: u64| {
        let started = tokio::time::Instant::now();
        let attempt = async |millis| {
            sleep(ms(millis)).await;
            Ok::<_, ()>(())
        };
        let race = race(&AT_P95, |sent| attempt(if sent.lane == 0 { first } else { 1 })).gate(&latencies);
        let (_, report) = race.report().await;
        (report.hedges, started.elapsed().as_millis())
    };
    assert_eq!(call(500).await, (0, 500), "nothing is known yet");
    for _ in 0..40 {
        assert_eq!(call(100).await, (0, 100));
    }
    assert_eq!(call(500).await, (1, 101));
    for _ in 0..512 {
        call(10).await;
    }
    assert_eq!(call(500).await, (1, 11));
}

#[tokio::test(start_paused = true)]
async fn no_hedge_opens_where_the_first_is_fast() {
    let (result, report) = race(&HEDGED, |attempt| async move {
        sleep(ms(10)).await;
        Ok::<_, ()>(attempt.lane)
    })
    .report()
    .await;
    assert_eq!((result.unwrap(), report.attempts), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn losers_that_never_complete_delay_nobody() {
    let policy = Policy::zero().lanes(3).attempts(3);
    let started = tokio::time::Instant::now();
    let lane = race(&policy, |attempt| async move {
        if attempt.lane != 1 {
            pending::<()>().await;
        }
        Ok::<_, ()>(attempt.lane)
    })
    .await;
    assert_eq!((lane.unwrap(), started.elapsed()), (1, Duration::ZERO));
}

#[tokio::test]
async fn a_loser_that_is_slow_to_drop_is_dropped_once_and_the_winners_value_stays() {
    let notes = RefCell::new(Vec::new());
    let policy = Policy::zero().lanes(2).attempts(2);
    let value = race(&policy, |attempt| {
        let noted = Noted(&notes, ["loser", "winner"][usize::from(attempt.lane)], ms(10));
        async move {
            let _noted = noted;
            if attempt.lane == 0 {
                pending::<()>().await;
            }
            Ok::<_, ()>("value")
        }
    })
    .await;
    assert_eq!(value.unwrap(), "value");
    assert_eq!(*notes.borrow(), ["winner dropped", "loser dropped"]);
}

/// Hands what is slow to stop to a task of its own, so that the winner does not wait for it.
#[tokio::test(start_paused = true)]
async fn a_loser_that_stops_in_the_background_does_not_delay_the_winner() {
    struct Connection(Arc<AtomicU32>);
    impl Drop for Connection {
        fn drop(&mut self) {
            let closed = Arc::clone(&self.0);
            tokio::spawn(async move {
                sleep(ms(60_000)).await;
                closed.fetch_add(1, Ordering::Relaxed);
            });
        }
    }
    let closed = Arc::new(AtomicU32::new(0));
    let started = tokio::time::Instant::now();
    let lane = race(&HEDGED, |attempt| {
        let connection = Connection(Arc::clone(&closed));
        async move {
            let _connection = connection;
            sleep(if attempt.lane == 0 { ms(1000) } else { ms(5) }).await;
            Ok::<_, ()>(attempt.lane)
        }
    })
    .await;
    assert_eq!((lane.unwrap(), closed.load(Ordering::Relaxed)), (1, 0));
    assert!(started.elapsed() < ms(60), "{:?}", started.elapsed());
    sleep(ms(60_010)).await;
    assert_eq!(closed.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_hedge_leaves_the_call_as_it_was() {
    let budget = Budget::new(0.001).with_reserve(0);
    let (result, report) = race(&HEDGED, |attempt| async move {
        sleep(ms(100)).await;
        Ok::<_, ()>(attempt.lane)
    })
    .gate(&budget)
    .report()
    .await;
    assert_eq!((result.unwrap(), report.attempts, report.hedges), (0, 1, 0));
}
