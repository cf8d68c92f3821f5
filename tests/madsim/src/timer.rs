//! Simulated time and simulated chance, for calls.

use std::pin::Pin;

use insist_futures::{Instant, Timer};
use madsim::time::{Sleep, TimeHandle};

/// The time since the simulation began, and seeds from its random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct MadsimTimer;

impl Timer for MadsimTimer {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Instant::ZERO.checked_add(TimeHandle::current().elapsed()).expect("584 years are not over")
    }

    fn sleep_until(&self, until: Instant) -> Sleep {
        let (time, span) = (TimeHandle::current(), until.saturating_since(self.now()));
        let mut sleep = time.sleep(span);
        // What is shorter than a millisecond was made one.
        Pin::new(&mut sleep).reset(time.now_instant() + span);
        sleep
    }

    fn seed(&self) -> u64 {
        madsim::rand::random()
    }
}
