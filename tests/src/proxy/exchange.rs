//! One request at the proxy, and what was done to it.

use super::Fault;

/// A request whose head has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// The target: the path with its query.
    pub path: String,
    /// The number of the connection, from 1.
    pub connection: usize,
    /// The number of the request on its connection, from 1.
    pub number_on_connection: usize,
}

/// How much of its answer was handed to the system, on the way to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    /// Not even the whole head.
    Nothing,
    /// The whole head, and not the whole body.
    Head,
    /// All of it.
    Whole,
}

/// A request that arrived, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request.
    pub arrival: Arrival,
    /// What was done to it. [`CloseReused`](Fault::CloseReused) on a fresh connection is none.
    pub fault: Fault,
    /// It was read whole.
    pub is_read: bool,
    /// The status that the server answered with, if it was asked.
    pub status: Option<u16>,
    /// How much of the answer went out.
    pub given: Given,
    /// Its client was still there after [`PATIENCE`](Self::PATIENCE), though nothing more came.
    pub is_awaited: bool,
}

impl Exchange {
    /// 10 s: how long a stall lasts.
    pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
}
