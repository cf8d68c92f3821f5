//! What users see: ureq's surface, mirrored, and the trait that adds this crate's settings to it.

mod agent;
pub mod config;
mod insist;
mod request_ext;
mod verbs;

pub use agent::Agent;
pub use request_ext::{RequestExt, WithAgent, WithAgentBuilder};
pub use verbs::{agent, connect, delete, get, head, options, patch, post, put, run, trace};
