//! Attempts that are at a server or on their way back.

use insist_core::Verdict;

use crate::servers::Request;

/// An attempt that a server has, or that was answered and has not arrived yet.
#[derive(Debug)]
pub(super) struct Work {
    /// The place of the call that waits for it; `None` if nobody does any more.
    pub(super) owner: Option<u32>,
    pub(super) stage: Stage,
    pub(super) replica: u32,
    pub(super) request: Request,
}

/// Says where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits before a replica.
    Queued,
    /// A worker has it.
    Serving,
    /// The client will hear this; no worker has it.
    Answered(Verdict),
    /// A server in code has it.
    Backend,
    /// It was cancelled while it waited, and the queue has not come to it yet.
    Dropped,
}
