//! What a call as a future does besides retrying: what it costs, where it can go, and what is left when it is dropped.

mod allocations;
mod clocks;
mod counting;
mod drops;
mod hooks;
mod lanes;
mod local;
mod losers;
mod room;
mod sends;
mod tree;
mod turns;
