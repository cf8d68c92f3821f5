//! Timers that keep the contract pass, and each way of breaking it is found.

use std::cell::Cell;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use insist_futures::testing::{BrokenTimer, Reality, check_timer};
use insist_futures::{Instant, Seeded, Timer, VirtualSleep, VirtualTimer};

use crate::hardware::{Browser, Hardware, Ticks};

struct Virtual(VirtualTimer);

impl Reality for Virtual {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn pass(&self, span: Duration) {
        self.0.advance(span);
    }
}

/// Checks a timer that is made of a virtual one.
fn check<M: Timer>(make: impl FnOnce(VirtualTimer) -> M) -> Result<(), BrokenTimer> {
    let timer = VirtualTimer::new();
    let made = make(timer.clone());
    timer.block_on(check_timer(&made, &Virtual(timer.clone())))
}

#[test]
fn the_virtual_timer_passes_seeded_or_not() {
    assert_eq!(check(|timer| timer), Ok(()));
    assert_eq!(check(|timer| Seeded::new(timer, 7)), Ok(()));
}

#[test]
fn a_clock_of_ticks_passes_if_it_rounds_up_and_adds_a_tick() {
    for tick in [1, 30_518, 1_000_000] {
        let ticks = |is_naive| Ticks { hardware: Hardware::default(), tick, is_naive };
        let timer = ticks(false);
        assert_eq!(timer.hardware.block_on(check_timer(&timer, &timer.hardware)), Ok(()), "{tick}");
        let timer = ticks(true);
        let end = timer.hardware.block_on(check_timer(&timer, &timer.hardware));
        assert_eq!(matches!(end, Err(BrokenTimer::Early { .. })), tick > 1, "{tick}: {end:?}");
    }
}

#[test]
fn a_clock_of_milliseconds_that_rounds_down_passes_if_it_adds_one() {
    let browser = |is_naive| Browser { hardware: Hardware::default(), is_naive };
    let timer = browser(false);
    assert_eq!(timer.hardware.block_on(check_timer(&timer, &timer.hardware)), Ok(()));
    let timer = browser(true);
    let broken = timer.hardware.block_on(check_timer(&timer, &timer.hardware)).unwrap_err();
    assert!(broken.to_string().contains("round its instant up, and add a tick"), "{broken}");
}

/// A virtual timer with one thing wrong.
struct Wrong {
    timer: VirtualTimer,
    now: fn(u64, u64) -> u64,
    reads: Cell<u64>,
    seed: Option<u64>,
}

impl Wrong {
    fn new(timer: VirtualTimer) -> Self {
        Self { timer, now: |nanos, _| nanos, reads: Cell::new(0), seed: None }
    }
}

impl Timer for Wrong {
    type Sleep = VirtualSleep;

    fn now(&self) -> Instant {
        self.reads.set(self.reads.get() + 1);
        Instant::from_nanos((self.now)(self.timer.now().as_nanos(), self.reads.get()))
    }

    fn sleep_until(&self, until: Instant) -> VirtualSleep {
        self.timer.sleep_until(until)
    }

    fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| self.timer.seed())
    }
}

#[test]
fn whatever_else_is_broken_is_found() {
    assert_eq!(check(|timer| Wrong { seed: Some(7), ..Wrong::new(timer) }), Err(BrokenTimer::SameSeed));
    let back = check(|timer| Wrong {
        now: |nanos, reads| (nanos + 10_000_000_000).saturating_sub(reads << 30),
        ..Wrong::new(timer)
    });
    assert!(matches!(back, Err(BrokenTimer::Back { .. })), "{back:?}");
    let fast = check(|timer| Wrong { now: |nanos, reads| nanos + (reads << 30), ..Wrong::new(timer) });
    assert!(matches!(fast, Err(BrokenTimer::Fast { .. })), "{fast:?}");

    /// Sleeps that are over, or never.
    struct Still<F>(F);
    impl<F: Future<Output = ()> + Clone> Timer for Still<F> {
        type Sleep = F;
        fn now(&self) -> Instant {
            Instant::ZERO
        }
        fn sleep_until(&self, _: Instant) -> F {
            self.0.clone()
        }
        fn seed(&self) -> u64 {
            insist_futures::fresh_seed()
        }
    }
    let over: Ready<()> = ready(());
    assert_eq!(check(|_| Still(over)), Err(BrokenTimer::EndsTime));
    assert_eq!(check(|_| Still(std::future::pending())), Err(BrokenTimer::PastWaits));
}

#[test]
fn a_sleep_that_wakes_who_polled_it_first_is_found() {
    struct First(VirtualTimer);
    struct Sleep(Pin<Box<VirtualSleep>>, Option<Waker>);
    impl Future for Sleep {
        type Output = ();
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            let waker = self.1.get_or_insert_with(|| context.waker().clone()).clone();
            self.0.as_mut().poll(&mut Context::from_waker(&waker))
        }
    }
    impl Timer for First {
        type Sleep = Sleep;
        fn now(&self) -> Instant {
            self.0.now()
        }
        fn sleep_until(&self, until: Instant) -> Sleep {
            Sleep(Box::pin(self.0.sleep_until(until)), None)
        }
        fn seed(&self) -> u64 {
            self.0.seed()
        }
    }
    assert_eq!(check(First), Err(BrokenTimer::WakesOthers));
}
