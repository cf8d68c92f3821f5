//! The laws of `docs/laws.md`, by their numbers: each in directed cases, and as a property of random calls, which are held
//! against the model, where every law has its place.

mod draws;
mod ends;
mod gates;
mod numbers;
mod refusals;
mod sends;
mod times;
mod waits;
