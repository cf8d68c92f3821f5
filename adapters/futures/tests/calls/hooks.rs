//! Hooks: asked once whether they listen, told everything, and around the work of every attempt.

use std::cell::{Cell, RefCell};
use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::Duration;

use insist_futures::{Attempt, Decision, Event, Hook, Policy, VirtualTimer, race, retry, retry_local};

use crate::counting::poll;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Notes what is being worked on, and how often anybody asked whether it listens.
#[derive(Default)]
struct Seen {
    listens: Cell<bool>,
    asked: Cell<u32>,
    inside: RefCell<Vec<u32>>,
    entered: Cell<u32>,
    events: RefCell<Vec<String>>,
}

struct Looks<'a>(&'a Seen);

impl<T, E> Hook<T, E> for Looks<'_> {
    fn is_listening(&self) -> bool {
        self.0.asked.set(self.0.asked.get() + 1);
        self.0.listens.get()
    }

    fn on_event(&mut self, event: &Event<'_, T, E>) {
        let what = match event.decision {
            Decision::Action(action) => action.to_string(),
            Decision::Judged(judged) => format!("{} judged", judged.attempt),
            _ => "?".into(),
        };
        self.0.events.borrow_mut().push(format!("{:?}: {what}", event.elapsed));
    }

    fn enter(&mut self, attempt: u32) {
        self.0.entered.set(self.0.entered.get() + 1);
        self.0.inside.borrow_mut().push(attempt);
    }

    fn leave(&mut self, attempt: u32) {
        assert_eq!(self.0.inside.borrow_mut().pop(), Some(attempt));
    }
}

/// An attempt that looks at each poll, and when it is made, whether it is inside.
async fn looks_around(seen: &Seen, timer: &VirtualTimer, attempt: Attempt) -> Result<u32, &'static str> {
    for _ in 0..3 {
        assert_eq!(*seen.inside.borrow(), [attempt.id]);
        timer.sleep(ms(5)).await;
    }
    if attempt.id < 3 { Err("busy") } else { Ok(attempt.id) }
}

/// The work of an attempt, making it and every poll of it, is done inside of what the hook keeps for it.
#[test]
fn every_poll_of_an_attempt_is_inside_of_what_the_hook_keeps_for_it() {
    let (timer, seen) = (VirtualTimer::new(), Seen::default());
    timer.advance(ms(1000));
    seen.listens.set(true);
    let policy = Policy::constant(ms(100));
    let operation = |attempt: Attempt| {
        assert_eq!(*seen.inside.borrow(), [attempt.id]);
        looks_around(&seen, &timer, attempt)
    };
    assert_eq!(timer.block_on(retry(timer.clone(), policy, operation).notify_with(Looks(&seen)).call()), Ok(3));
    assert_eq!(seen.asked.get(), 1);
    assert_eq!(seen.entered.replace(0), 3 * (1 + 4), "each is made, and polled four times");
    let events = seen.events.take();
    assert_eq!(events[0], "0ns: send attempt 1 (first in lane 0)");
    assert_eq!(events.last().map(String::as_str), Some("245ms: return attempt 3"));

    let local = async |attempt: Attempt| looks_around(&seen, &timer, attempt).await;
    assert_eq!(timer.block_on(retry_local(timer.clone(), policy, local).notify_with(Looks(&seen)).call()), Ok(3));
    assert_eq!(seen.entered.replace(0), 3 * (1 + 4));
    assert_eq!(seen.asked.get(), 2);

    let together = race(timer.clone(), policy.lanes(3), operation).notify_with(Looks(&seen)).call();
    assert_eq!(timer.block_on(together), Ok(3));
    assert!(seen.inside.borrow().is_empty());
}

/// Leaves what was entered also if the attempt panics.
#[test]
fn what_was_entered_is_left_also_in_a_panic() {
    let (timer, seen) = (VirtualTimer::new(), Seen::default());
    seen.listens.set(true);
    let operation = |attempt: Attempt| async move { if attempt.id > 0 { panic!("no") } else { Ok::<(), &str>(()) } };
    let call = retry(timer.clone(), Policy::zero(), operation).notify_with(Looks(&seen)).call();
    assert!(catch_unwind(AssertUnwindSafe(|| timer.block_on(call))).is_err());
    assert!(seen.inside.borrow().is_empty());
}

/// A hook that does not listen is asked once, hears nothing, and costs no reading of a clock.
#[test]
fn a_hook_that_does_not_listen_hears_nothing() {
    let (timer, seen) = (VirtualTimer::new(), Seen::default());
    let operation = |attempt: Attempt| async move { if attempt.id < 3 { Err("busy") } else { Ok(attempt.id) } };
    let call = retry(timer.clone(), Policy::constant(ms(100)), operation).notify_with(Looks(&seen)).call();
    assert_eq!(timer.block_on(call), Ok(3));
    assert_eq!((seen.asked.get(), seen.entered.get(), seen.events.borrow().len()), (1, 0, 0));
}

/// A hook is dropped with its call, so one that wants to hear of that does.
#[test]
fn a_hook_is_dropped_with_its_call_and_after_its_attempts() {
    struct Says<'a>(&'a RefCell<Vec<&'static str>>, &'static str);
    impl Drop for Says<'_> {
        fn drop(&mut self) {
            self.0.borrow_mut().push(self.1);
        }
    }
    let (timer, said) = (VirtualTimer::new(), RefCell::new(Vec::new()));
    let hook = Says(&said, "the hook");
    let operation = |_| {
        let attempt = Says(&said, "the attempt");
        let sleep = timer.sleep(ms(100));
        async move {
            sleep.await;
            drop(attempt);
            Ok::<_, &str>(())
        }
    };
    {
        let call = retry(timer.clone(), Policy::zero(), operation).notify(move |_| _ = &hook);
        let mut call = pin!(call.into_future());
        assert!(poll(call.as_mut()).is_pending());
        assert!(said.borrow().is_empty());
        let _: &dyn Future<Output = _> = &*call;
    }
    assert_eq!(said.into_inner(), ["the attempt", "the hook"]);
}
