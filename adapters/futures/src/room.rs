//! Room for a number of lanes: the slots of their attempts, and the machine with that number.

use core::future::Future;

use insist_core::{AsPolicy, Call, Gate};

use crate::machine::Machine;
use crate::slots::{Halves, Slot, Slots};

/// Room for this many attempts at once; each slot has the size of an attempt's future.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Lanes<const LANES: usize>;

/// Implemented for the numbers of lanes that there can be room for: 1 to 8, 12 and 16.
#[diagnostic::on_unimplemented(
    message = "there is no room for so many lanes",
    note = "a call has room for 1 to 8, 12 or 16 lanes"
)]
pub trait Room {
    /// The number of lanes.
    #[doc(hidden)]
    const LANES: usize;

    /// The slots for that many attempts.
    #[doc(hidden)]
    type Slots<A: Future>: Slots<A>;

    /// The machine for that many lanes.
    #[doc(hidden)]
    type Call<P: AsPolicy, G: Gate>: Machine<P, G>;

    /// The lane whose attempt was polled first at the last wake.
    #[doc(hidden)]
    type Turn: Turn;
}

/// Remembers which attempt was polled first at the last wake, so that another is this time: one that uses up its task's
/// budget must not starve those after it.
#[allow(unnameable_types, unreachable_pub, reason = "plumbing of Room, which Rust 1.85 takes for unreachable")]
pub trait Turn: Default {
    fn get(&self) -> u32;
    fn set(&mut self, attempt: u32);
}

/// With one lane there is nothing to remember.
impl Turn for () {
    #[inline]
    fn get(&self) -> u32 {
        0
    }

    #[inline]
    fn set(&mut self, _: u32) {}
}

impl Turn for u32 {
    #[inline]
    fn get(&self) -> u32 {
        *self
    }

    #[inline]
    fn set(&mut self, attempt: u32) {
        *self = attempt;
    }
}

impl Room for Lanes<1> {
    const LANES: usize = 1;
    type Slots<A: Future> = Slot<A>;
    type Call<P: AsPolicy, G: Gate> = Call<P, G, 1>;
    type Turn = ();
}

macro_rules! room {
    ($($lanes:literal = $left:literal + $right:literal;)+) => {
        $(
            impl Room for Lanes<$lanes> {
                const LANES: usize = $lanes;
                type Slots<A: Future> = Halves<<Lanes<$left> as Room>::Slots<A>, <Lanes<$right> as Room>::Slots<A>>;
                type Call<P: AsPolicy, G: Gate> = Call<P, G, $lanes>;
                type Turn = u32;
            }
        )+
    };
}

room! {
    2 = 1 + 1;
    3 = 2 + 1;
    4 = 2 + 2;
    5 = 3 + 2;
    6 = 3 + 3;
    7 = 4 + 3;
    8 = 4 + 4;
    12 = 6 + 6;
    16 = 8 + 8;
}
