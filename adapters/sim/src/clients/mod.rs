//! The clients of a world: when calls begin, how many clients share the load, and whether they share a gate.

mod arrivals;

use insist_core::Repeat;

use crate::times::Times;
pub(crate) use arrivals::Schedule;
pub use arrivals::{Arrivals, Surge};

/// Says who calls, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Clients {
    pub(crate) load: Load,
    pub(crate) count: u32,
    pub(crate) gates: Gates,
    pub(crate) surges: Vec<Surge>,
    pub(crate) repeat: Repeat,
}

/// Says whether calls begin whatever happened to those before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Load {
    /// Calls arrive from outside.
    Open(Arrivals),
    /// Each client calls, waits for the end, thinks, and calls again, so many times at most.
    Closed { think: Times, calls: Option<u32> },
}

/// Says who shares a gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gates {
    /// All clients share one, as the calls of one process do.
    #[default]
    All,
    /// Each client has its own, as a fleet does: what a reserve allows, it allows to every client.
    Each,
}

impl Clients {
    /// Makes clients whose calls begin at these instants, whatever happened to those before: users of a service, for whom
    /// a slow server is no reason to stay away.
    #[must_use]
    pub const fn open(arrivals: Arrivals) -> Self {
        Self::of(Load::Open(arrivals), 1)
    }

    /// Makes so many clients that each call, wait for the end, think for so long and call again. A slow server is called
    /// less, so closed loops hide a collapse.
    #[must_use]
    pub const fn closed(count: u32, think: Times) -> Self {
        Self::of(Load::Closed { think, calls: None }, count)
    }

    const fn of(load: Load, count: u32) -> Self {
        Self { load, count, gates: Gates::All, surges: Vec::new(), repeat: Repeat::Always }
    }

    /// Sets how many clients there are, among which open calls are spread by chance. Default: 1.
    #[must_use]
    pub const fn count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Gives each client a gate of its own. Default: all share one.
    #[must_use]
    pub const fn gate_each(mut self) -> Self {
        self.gates = Gates::Each;
        self
    }

    /// Ends each client of a closed loop after so many calls. Default: they call as long as the world lasts.
    #[must_use]
    pub fn calls_each(mut self, count: u32) -> Self {
        if let Load::Closed { calls, .. } = &mut self.load {
            *calls = Some(count);
        }
        self
    }

    /// Multiplies the open load for a while.
    #[must_use]
    pub fn surge(mut self, surge: Surge) -> Self {
        self.surges.push(surge);
        self
    }

    /// Sets which failures may be followed by another attempt. Default: all.
    #[must_use]
    pub const fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Returns the calls a second that an open load makes in the mean, without surges; `None` for a closed one.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        match &self.load {
            Load::Open(arrivals) => arrivals.per_second(),
            Load::Closed { .. } => None,
        }
    }

    /// Returns how many gates there are.
    pub(crate) const fn gate_count(&self) -> u32 {
        match self.gates {
            Gates::All => 1,
            Gates::Each => self.count,
        }
    }
}
