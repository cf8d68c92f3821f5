//! Tests whether a timer keeps the [contract](Timer#the-contract).
//!
//! [`check_timer`] is a future; run it on the executor that the timer belongs to. It measures with a clock that is
//! known to be right: [`RealTime`] for real timers, one of your own for simulated ones.
//!
//! ```
//! use insist_futures::VirtualTimer;
//! use insist_futures::testing::{Reality, check_timer};
//!
//! struct Virtual(VirtualTimer);
//!
//! impl Reality for Virtual {
//!     fn elapsed(&self) -> core::time::Duration {
//!         self.0.elapsed()
//!     }
//!     fn pass(&self, span: core::time::Duration) {
//!         self.0.advance(span);
//!     }
//! }
//!
//! let timer = VirtualTimer::new();
//! timer.block_on(check_timer(&timer, &Virtual(timer.clone()))).unwrap();
//! ```

use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;
use std::time::Instant as StdInstant;

use insist_core::Instant;

use crate::timer::Timer;

/// A clock that is known to be right, and a way to let time pass without the timer.
pub trait Reality {
    /// Returns the time that has really passed since a fixed moment.
    fn elapsed(&self) -> Duration;

    /// Lets this much time pass without a sleep of the timer, as a computation would.
    fn pass(&self, span: Duration);
}

/// Real time: std's clock, and sleeping threads.
#[derive(Clone, Copy, Debug)]
pub struct RealTime(StdInstant);

impl RealTime {
    /// Makes a clock that counts from now.
    #[must_use]
    pub fn new() -> Self {
        Self(StdInstant::now())
    }
}

impl Default for RealTime {
    fn default() -> Self {
        Self::new()
    }
}

impl Reality for RealTime {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn pass(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

/// A way in which a timer breaks the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenTimer {
    /// A sleep was ready before its instant had come.
    Early {
        /// The span that was asked for.
        asked: Duration,
        /// The span that really passed.
        slept: Duration,
    },
    /// `now` went back.
    Back {
        /// The earlier reading.
        before: Instant,
        /// The later reading.
        after: Instant,
    },
    /// `now` ran ahead of real time.
    Fast {
        /// The most time that can have passed.
        passed: Duration,
        /// The time that `now` says has passed.
        said: Duration,
    },
    /// A sleep until an instant that is past was not ready when it was first polled.
    PastWaits,
    /// A sleep until the end of time was ready.
    EndsTime,
    /// A sleep that was polled with two wakers did not wake the second.
    WakesOthers,
    /// Two calls got the same seed.
    SameSeed,
}

impl fmt::Display for BrokenTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Early { asked, slept } => write!(
                f,
                "a sleep of {asked:?} was over after {slept:?}: round its instant up, \
                 and add a tick if the clock rounds down"
            ),
            Self::Back { before, after } => write!(f, "now went back from {before} to {after}"),
            Self::Fast { passed, said } => write!(f, "now says that {said:?} have passed where {passed:?} have"),
            Self::PastWaits => f.write_str("a sleep until an instant that is past waits"),
            Self::EndsTime => f.write_str("a sleep until the end of time is over"),
            Self::WakesOthers => f.write_str("a sleep did not wake the waker that it was polled with last"),
            Self::SameSeed => f.write_str("two calls got the same seed"),
        }
    }
}

impl core::error::Error for BrokenTimer {}

/// Spans on, beside and between the ticks of clocks that tick every nanosecond to every ten milliseconds.
const SPANS: [u64; 12] =
    [1, 999, 30_518, 999_999, 1_000_000, 1_000_001, 1_500_000, 2_999_999, 3_000_000, 7_654_321, 10_000_000, 12_345_678];

/// Checks a timer against the contract, in a fifth of a second of its time.
///
/// # Errors
///
/// The first violation found, which prints as a sentence.
pub async fn check_timer<M: Timer>(timer: &M, reality: &impl Reality) -> Result<(), BrokenTimer> {
    seeds_differ(timer)?;
    clock_goes_right(timer, reality)?;
    past_is_ready(timer)?;
    end_of_time_is_pending(timer)?;
    for round in 0..3 {
        for nanos in SPANS {
            // Starts at another place between two ticks each time.
            reality.pass(Duration::from_nanos(nanos / 3 + 137_911 * round));
            sleeps_long_enough(timer, reality, Duration::from_nanos(nanos)).await?;
        }
    }
    last_waker_is_woken(timer).await
}

fn seeds_differ(timer: &impl Timer) -> Result<(), BrokenTimer> {
    let seeds = [timer.seed(), timer.seed(), timer.seed()];
    let differ = seeds[0] != seeds[1] && seeds[1] != seeds[2] && seeds[0] != seeds[2];
    if differ { Ok(()) } else { Err(BrokenTimer::SameSeed) }
}

fn clock_goes_right(timer: &impl Timer, reality: &impl Reality) -> Result<(), BrokenTimer> {
    /// The longest tick: a clock that rounds down may lag by one at first.
    const TICK: Duration = Duration::from_millis(20);
    let (first, mut before) = (reality.elapsed(), timer.now());
    let began = before;
    for _ in 0..20 {
        reality.pass(Duration::from_micros(137));
        let after = timer.now();
        if after < before {
            return Err(BrokenTimer::Back { before, after });
        }
        before = after;
    }
    let (said, passed) = (before.saturating_since(began), reality.elapsed().saturating_sub(first));
    if said > passed + TICK { Err(BrokenTimer::Fast { passed, said }) } else { Ok(()) }
}

fn is_ready<F: Future>(future: F) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn past_is_ready(timer: &impl Timer) -> Result<(), BrokenTimer> {
    let now = timer.now();
    let past = [Instant::ZERO, Instant::from_nanos(now.as_nanos().saturating_sub(20_000_000))];
    let are_ready = past.into_iter().all(|instant| is_ready(timer.sleep_until(instant)));
    if are_ready { Ok(()) } else { Err(BrokenTimer::PastWaits) }
}

fn end_of_time_is_pending(timer: &impl Timer) -> Result<(), BrokenTimer> {
    if is_ready(timer.sleep_until(Instant::from_nanos(u64::MAX))) { Err(BrokenTimer::EndsTime) } else { Ok(()) }
}

async fn sleeps_long_enough(timer: &impl Timer, reality: &impl Reality, asked: Duration) -> Result<(), BrokenTimer> {
    let first = reality.elapsed();
    let before = timer.now();
    let until = before.checked_add(asked).unwrap_or(before);
    timer.sleep_until(until).await;
    let slept = reality.elapsed().saturating_sub(first);
    if slept < asked {
        return Err(BrokenTimer::Early { asked, slept });
    }
    Ok(())
}

/// A waker that records that it was woken, and wakes a task.
struct Noted {
    is_woken: AtomicBool,
    task: Waker,
}

impl Wake for Noted {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        self.task.wake_by_ref();
    }
}

async fn last_waker_is_woken(timer: &impl Timer) -> Result<(), BrokenTimer> {
    let at = |millis| timer.now().checked_add(Duration::from_millis(millis)).unwrap_or(Instant::ZERO);
    let (mut sleep, mut later) = (pin!(timer.sleep_until(at(20))), pin!(timer.sleep_until(at(60))));
    let _ = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let mut noted = None;
    poll_fn(|context| {
        let noted: &mut Arc<Noted> = noted
            .get_or_insert_with(|| Arc::new(Noted { is_woken: AtomicBool::new(false), task: context.waker().clone() }));
        let waker = Waker::from(Arc::clone(noted));
        if sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return Poll::Ready(());
        }
        later.as_mut().poll(context)
    })
    .await;
    let is_woken = noted.is_some_and(|noted| noted.is_woken.load(Ordering::SeqCst));
    if is_woken { Ok(()) } else { Err(BrokenTimer::WakesOthers) }
}
