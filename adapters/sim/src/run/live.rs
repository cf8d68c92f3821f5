//! A call that lives.

use insist_core::{Backoff, Call, Gate, Instant, Policy, Repeat};

/// A call that lives, and its attempts in flight.
pub(super) struct Live<'a, B, const LANES: usize> {
    pub(super) call: Call<&'a Policy<B>, &'a dyn Gate, LANES>,
    pub(super) number: u64,
    pub(super) client: u32,
    pub(super) began: u64,
    pub(super) sends: u32,
    /// The id of each lane's attempt, and its place at the servers.
    pub(super) in_flight: [Option<(u32, u32)>; LANES],
}

impl<'a, B: Backoff, const LANES: usize> Live<'a, B, LANES> {
    pub(super) fn new(
        policy: &'a Policy<B>,
        gate: &'a dyn Gate,
        repeat: Repeat,
        began: u64,
        seed: u64,
        number: u64,
        client: u32,
    ) -> Self {
        let call = Call::with_lanes::<LANES>(policy, gate, Instant::from_nanos(began), seed).repeat(repeat);
        Self { call, number, client, began, sends: 0, in_flight: [None; LANES] }
    }

    /// Forgets an attempt in flight, and returns its place at the servers.
    pub(super) fn take(&mut self, id: u32) -> Option<u32> {
        let lane = self.in_flight.iter_mut().find(|lane| lane.is_some_and(|(attempt, _)| attempt == id))?;
        lane.take().map(|(_, place)| place)
    }
}
