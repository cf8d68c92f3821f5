//! One call: from a request to the answer or the error that ureq would have given.

mod attempt;
mod core;
mod drive;
mod fast_path;
mod finish;
mod judge;
mod middleware;
mod outcome;
mod race;
mod receive;
mod redirect;
mod request_body;
mod request_copy;
mod request_settings;
mod response_body;
mod watch;

pub(crate) use self::core::Core;
pub(crate) use middleware::CallMiddleware;
pub use receive::{Receive, ReceiveExt};
pub(crate) use request_settings::RequestSettings;
