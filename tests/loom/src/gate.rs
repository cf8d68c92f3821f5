//! The core's files, with loom's atomics in the place of their own.

pub(crate) use insist_core::{Admission, End, Gate, Refusal, Settled};

#[path = "../../../core/src/gate/breaker/mod.rs"]
#[allow(unreachable_pub)]
mod breaker;
#[path = "../../../core/src/gate/budget.rs"]
#[allow(unreachable_pub)]
mod budget;
#[path = "../../../core/src/gate/window.rs"]
mod window;

mod slots {
    pub(super) use crate::atomic::AtomicU64;

    pub(super) const SLOTS: usize = 2;
}

pub use breaker::{Breaker, BreakerError, BreakerState};
pub use budget::{Budget, BudgetError, BudgetState};
