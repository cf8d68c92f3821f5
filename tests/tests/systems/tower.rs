//! tower: its retry budget, its hedges and its services, and those of tower-resilience.
//!
//! Not here: its percentiles, because insist is told how long to wait before a hedge and does not measure.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use insist_core::{
    Action, AttemptEnd, Breaker, Budget, Cause, Failure, Gate, Instant, Jitter, Kind, Policy, Repeat, Script, Settled,
    Verdict, play, play_with,
};
use insist_futures::VirtualTimer;
use insist_tests::by_hand;
use insist_tests::words::{RETRY, SECOND, at, end, ms, retries_left, script_after, secs, send_firsts, sends};
use insist_tokio::tower::Layer;
use tokio::time::{Instant as TokioInstant, sleep};
use tower::{Layer as _, Service, ServiceExt, service_fn};

use crate::draws::{draws, endless, mean};
use crate::hand::played;

const FAILED: Cause = Cause::retry(AttemptEnd::Timeout);

/// `tps_empty`.
#[test]
fn nothing_was_sent_so_nothing_is_retried() {
    let budget = Budget::new(1.0).with_reserve(0).window(SECOND);
    assert!(budget.reserve(at(0), &FAILED).is_err());
}

/// `tps_slots`. Two requests are one retry, within a second.
#[test]
fn a_request_counts_until_its_slot_leaves_the_window() {
    let budget = Budget::new(0.5).with_reserve(0).window(SECOND);
    let send = |millis| budget.admit(at(millis), &Cause::FIRST);
    let retry = |millis| budget.reserve(at(millis), &FAILED).is_ok();
    send(0);
    send(0);
    assert!(retry(901));
    assert!(!retry(901));

    send(2902);
    send(3203);
    assert!(retry(3203), "both count");
    budget.refund(at(3203), &FAILED, at(3203));
    send(4004);
    assert!(retry(4004), "the first is out of the window, the second and the third count");
    assert!(!retry(4004));
}

/// tower's hedge takes whatever completes first, an error too; insist takes the first success (law 5).
#[test]
fn an_error_of_a_hedge_does_not_win() {
    let policy = Policy::stop().attempts(2).lanes(2).hedge_after(ms(50));
    let timeline =
        play(&policy, 7, &script_after(ms(30), &[]).outcome(2, ms(10), RETRY).outcome(1, ms(100), Verdict::Accept));
    assert_eq!(sends(&timeline), [0, 50].map(at));
    assert_eq!(timeline.steps.last().map(|step| (step.at, step.action)), Some((at(100), Action::Return(1))));
}

/// tower's backoff from 50 ms on has no cap unless one is set; insist's is 10 s.
#[test]
fn a_backoff_that_grows_has_a_cap_by_itself() {
    let policy = Policy::exponential(ms(50)).jitter(insist_core::Jitter::None).attempts(40);
    assert_eq!(policy.delays(7).last(), Some(SECOND * 10));
    assert_eq!(sends(&played(&policy, &(), &[RETRY; 40])).len(), 40);
}

/// TW2.
#[test]
fn a_deposit_leaves_the_window() {
    let budget = Budget::new(1.0).with_reserve(0).window(Duration::from_secs(2));
    send_firsts(&budget, at(0), 1);
    assert!(budget.reserve(at(3000), &by_hand::RETRY).is_err());
}

/// TW4: five a second over a second.
#[test]
fn the_reserve_is_used_up() {
    let budget = Budget::new(1.0).with_reserve(5).window(Duration::from_secs(1));
    assert_eq!(retries_left(&budget, at(0)), 5);
    assert_eq!(budget.reserve(at(0), &by_hand::RETRY).unwrap_err().reason(), "budget is used up");
}

/// Tower's budget truncates one over the ratio: 0.3 gives 33 %, 0.4 gives 50 %, and anything above a half gives 100 %.
#[test]
fn a_ratio_is_not_truncated() {
    for (ratio, expected) in [(0.3, 3000), (0.4, 4000), (0.51, 5100), (0.6, 6000), (0.75, 7500), (0.9, 9000)] {
        let budget = Budget::new(ratio).with_reserve(0);
        send_firsts(&budget, at(0), 10_000);
        assert_eq!(retries_left(&budget, at(0)), expected, "{ratio}");
    }
}

/// Fault R31: tower 0.5 dropped the part of its jitter below a second, and with a base of 1 s all of it.
#[test]
fn jitter_on_a_whole_second_has_its_nanoseconds() {
    let drawn = draws(Policy::constant(SECOND).jitter(Jitter::fraction(0.99)), 10_000);
    assert!(drawn.iter().all(|delay| (ms(10)..=ms(1990)).contains(delay)));
    let below_a_microsecond: BTreeSet<_> = drawn.iter().map(|delay| delay.subsec_nanos() % 1000).collect();
    assert!(below_a_microsecond.len() > 990);
    assert!((ms(980)..ms(1020)).contains(&mean(&drawn)), "{:?}", mean(&drawn));
}

/// Fault R36: tower's own maker of backoffs has no cap.
#[test]
fn whatever_grows_has_a_cap_unless_it_is_taken_away() {
    for policy in [
        Policy::linear(SECOND),
        Policy::exponential(SECOND),
        Policy::exponential(SECOND).factor(9.0),
        Policy::fibonacci(SECOND),
        Policy::decorrelated(SECOND),
    ] {
        assert_eq!(policy.get_cap(), Some(secs(10)));
        assert!(endless(policy).delays(1).take(1000).all(|delay| delay <= secs(10)));
        assert_eq!(policy.no_cap().get_cap(), None);
    }
}

const HEDGED: Policy =
    Policy::constant(ms(500)).jitter(Jitter::None).lanes(2).hedge_after(ms(50)).attempts(2).lane_attempts(1);

/// R33: in tower 0.5 a hedge that failed fast took the place of a first attempt that was well.
#[test]
fn a_hedge_that_fails_leaves_the_first_attempt_running() {
    let script = Script::new().outcome(1, ms(200), Verdict::Accept).outcome(2, ms(5), Verdict::retry());
    let timeline = play(&HEDGED.attempts(9), 1, &script);
    assert_eq!(end(&timeline), (at(200), Action::Return(1)));
}

/// Fault R33: in tower 0.5 a first attempt that failed ended the call, its hedge in flight.
#[test]
fn a_first_attempt_that_fails_leaves_its_hedge_running() {
    let script = Script::new().outcome(1, ms(60), Verdict::retry()).outcome(2, ms(150), Verdict::Accept);
    for policy in [HEDGED, HEDGED.attempts(9).lane_attempts(9)] {
        let timeline = play(&policy, 1, &script);
        assert_eq!(end(&timeline), (at(200), Action::Return(2)), "{timeline}");
    }
}

/// Fault R33, R37, R45: the first to end ended the call, though it had failed and another was in flight.
#[test]
fn a_future_that_fails_first_wins_no_race() {
    for [first, second] in [[50, 200], [200, 50]] {
        let (timer, policy) = (VirtualTimer::new(), Policy::zero().lanes(2).attempts(2));
        let call = insist_futures::race(timer.clone(), &policy, |attempt| {
            let timer = timer.clone();
            async move {
                timer.sleep(ms(if attempt.id == 1 { first } else { second })).await;
                if timer.elapsed() < ms(100) { Err("down") } else { Ok(attempt.id) }
            }
        });
        assert_eq!(timer.block_on(call.call()), Ok(if first > second { 1 } else { 2 }));
        assert_eq!(timer.elapsed(), ms(200));
    }
}

/// Keeps how each attempt ended, and after how long.
#[derive(Default)]
struct Latencies(RefCell<Vec<(Kind, AttemptEnd, Duration)>>);

impl Gate for Latencies {
    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if let Settled::Ended(end, sent) = *settled {
            self.0.borrow_mut().push((cause.kind, end, now.saturating_since(sent)));
        }
    }
}

/// Fault R34: tower 0.5 measured neither losers nor failures, and a hedge from its own start only, without the wait for
/// it.
#[test]
fn losers_and_failures_tell_their_gate_how_long_they_took() {
    let script = Script::new().outcome(2, ms(30), Verdict::retry()).outcome(3, ms(40), Verdict::Accept);
    let latencies = Latencies::default();
    let policy = HEDGED.lanes(3).attempts(3);
    let timeline = play_with(&policy, &latencies, Repeat::Always, Instant::ZERO, 1, &script);
    assert_eq!(end(&timeline), (at(140), Action::Return(3)), "{timeline}");
    let mut told = latencies.0.into_inner();
    told.sort_by_key(|(_, _, span)| *span);
    let expected = [
        (Kind::Hedge, AttemptEnd::Retry(Failure::new()), ms(30)),
        (Kind::Hedge, AttemptEnd::Accept, ms(40)),
        (Kind::First, AttemptEnd::Lost, ms(140)),
    ];
    assert_eq!(told, expected);
}

/// Fault R35: tower 0.5 divided by a period of 0.
#[test]
fn a_window_of_nothing_is_refused_and_divides_nothing() {
    use insist_core::{Cause, Gate, Instant};
    for window in [Duration::ZERO, Duration::from_nanos(1), Duration::from_nanos(9)] {
        let budget = Budget::new(0.5).window(window);
        assert!(budget.validate().unwrap_err().to_string().contains("window"), "{window:?}");
        assert_eq!(budget.reserve(Instant::ZERO, &by_hand::RETRY).unwrap_err().reason(), "budget is invalid");
        let _ = (budget.admit(Instant::ZERO, &Cause::FIRST), budget.state(Instant::from_nanos(u64::MAX)));
        let breaker = Breaker::new(0.5).window(window);
        assert!(breaker.validate().unwrap_err().to_string().contains("window"), "{window:?}");
        let _ = (breaker.admit(Instant::ZERO, &Cause::FIRST), breaker.state(Instant::from_nanos(u64::MAX)));
    }
}

/// Fault R41: a token was spent before it was known whether the retry would be sent.
#[test]
fn a_call_that_is_dropped_in_its_backoff_gives_back_its_token() {
    let (timer, budget, policy) = (VirtualTimer::new(), Budget::new(1.0), Policy::constant(SECOND));
    {
        let mut call =
            pin!(insist_futures::retry(timer.clone(), &policy, |_| ready(Err::<(), ()>(()))).gate(&budget).try_call());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(budget.state(Instant::ZERO).charged, 1);
    }
    assert_eq!(budget.state(Instant::ZERO).charged, 0);
    assert_eq!(budget.state(Instant::ZERO).firsts, 1);
}

/// Fails twice, and has to be polled ready before each call, as every service may ask.
struct Strict {
    is_ready: bool,
    calls: Arc<AtomicU32>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { is_ready: false, calls: Arc::clone(&self.calls) }
    }
}

impl Service<()> for Strict {
    type Response = u32;
    type Error = &'static str;
    type Future = Ready<Result<u32, &'static str>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if !self.is_ready {
            self.is_ready = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called before it was ready");
        match self.calls.fetch_add(1, Ordering::Relaxed) {
            2 => ready(Ok(7)),
            _ => ready(Err("down")),
        }
    }
}

/// Fault tower-resilience #392: a retry called a service that had been ready for the attempt before.
#[tokio::test(start_paused = true)]
async fn a_service_is_ready_before_each_of_its_attempts() {
    static RETRIED: Policy = Policy::zero().attempts(3);
    static RACED: Policy = Policy::zero().lanes(3).attempts(3);
    let strict = || Strict { is_ready: false, calls: Arc::default() };
    assert_eq!(Layer::retry(&RETRIED).layer(strict()).oneshot(()).await.unwrap(), 7);
    assert_eq!(Layer::race(&RACED).layer(strict()).oneshot(()).await.unwrap(), 7);
}

/// Fault R33: tower 0.5 gave the error of a hedge that failed fast, and dropped the request that was well.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_fails_leaves_the_first_request_of_a_service_in_flight() {
    static HEDGED: Policy = Policy::zero().lanes(2).attempts(2).hedge_after(ms(50));
    for [first, second] in [[200, 5], [60, 150]] {
        let calls = Arc::new(AtomicU32::new(0));
        let service = service_fn(|()| {
            let is_first = calls.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                sleep(ms(if is_first { first } else { second })).await;
                if is_first == (first > second) { Ok(is_first) } else { Err("down") }
            }
        });
        let started = TokioInstant::now();
        assert_eq!(Layer::race(&HEDGED).layer(service).oneshot(()).await.unwrap(), first > second);
        assert!((ms(200)..secs(1)).contains(&started.elapsed()), "{:?}", started.elapsed());
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
