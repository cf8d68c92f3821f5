//! Each thing that the server promises, seen from a raw client.

mod client;
mod connections;
mod faults;
mod messages;
mod script;
