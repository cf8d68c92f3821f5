//! Failsafe's adaptive throttler as a gate, after "Site Reliability Engineering", chapter 21: the more of what was sent
//! has failed, the more is refused at once, by lot.
//!
//! Failsafe's forgets what is older than a minute; no vector looks at that, so this one counts for ever.

use std::cell::{Cell, RefCell};

use insist_core::{Admission, AttemptEnd, Cause, Gate, Instant, Refusal, Settled};

pub(crate) struct AdaptiveThrottle {
    /// The share of successes from which on nothing is refused.
    wanted: f64,
    /// The largest share that is refused.
    most: f64,
    ended: Cell<u32>,
    succeeded: Cell<u32>,
    lots: RefCell<fastrand::Rng>,
}

impl AdaptiveThrottle {
    pub(crate) fn new(wanted: f64, most: f64) -> Self {
        let lots = RefCell::new(fastrand::Rng::with_seed(7));
        Self { wanted, most, ended: Cell::new(0), succeeded: Cell::new(0), lots }
    }

    /// The share of attempts that is refused now.
    pub(crate) fn refused(&self) -> f64 {
        let (ended, succeeded) = (f64::from(self.ended.get()), f64::from(self.succeeded.get()));
        let excess = (ended - succeeded / self.wanted).max(0.0);
        (excess / (ended + 1.0)).min(self.most)
    }
}

impl Gate for AdaptiveThrottle {
    fn admit(&self, _: Instant, _: &Cause) -> Admission {
        if self.lots.borrow_mut().f64() < self.refused() {
            return Admission::No(Refusal::new(&"too much has failed of late"));
        }
        Admission::Yes
    }

    fn settle(&self, _: Instant, _: &Cause, settled: &Settled) {
        let Settled::Ended(end, _) = *settled else { return };
        match end {
            end if end.is_cancelled() => return,
            AttemptEnd::Accept | AttemptEnd::Stop => self.succeeded.set(self.succeeded.get() + 1),
            _ => {}
        }
        self.ended.set(self.ended.get() + 1);
    }

    fn is_timeless(&self) -> bool {
        true
    }
}
