//! Many calls at once in an event loop written by hand: a vector of calls, and a heap of who is due when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use insist_core::{Action, Call, Instant, Policy, Verdict};

static POLICY: Policy = crate::POLICY;

/// Calls that have failed once and wait for their retry.
pub struct Pending {
    calls: Vec<Call<&'static Policy, &'static ()>>,
    due: BinaryHeap<Reverse<(Instant, u32)>>,
}

impl Pending {
    /// So many of them, in exactly as much room as they need.
    pub fn new(count: u32) -> Self {
        let mut pending =
            Self { calls: Vec::with_capacity(count as usize), due: BinaryHeap::with_capacity(count as usize) };
        for index in 0..count {
            let now = Instant::from_nanos(u64::from(index));
            let mut call = Call::new(&POLICY, &(), now, fastrand::u64(..));
            while let Action::Send(attempt) = call.poll(now) {
                call.handle(now, attempt.id, Verdict::retry());
            }
            if let Action::Wait { until: Some(until), .. } = call.poll(now) {
                pending.due.push(Reverse((until, index)));
            }
            pending.calls.push(call);
        }
        pending
    }

    /// Sends whatever is due, earliest first, until every call has succeeded; gives the number of those.
    pub fn finish(mut self) -> usize {
        let mut returned = 0;
        while let Some(Reverse((now, index))) = self.due.pop() {
            let call = &mut self.calls[index as usize];
            while let Action::Send(attempt) = call.poll(now) {
                call.handle(now, attempt.id, Verdict::Accept);
            }
            returned += usize::from(matches!(call.poll(now), Action::Return(_)));
        }
        returned
    }
}
