//! Calls in a store: `insist later` enqueues them, `insist work` sends them, `insist calls` shows and changes them.

mod calls;
mod definition;
mod later;
mod open;
mod time;
mod work;

pub(crate) use calls::CallsCommand;
pub(crate) use later::Later;
pub(crate) use work::Work;
