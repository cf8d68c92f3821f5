//! Each thing that the server promises, seen from a raw client.

mod client;
mod faults;
mod framing;
mod hostile;
mod keep_alive;
mod leaving;
mod script;
mod stop;
mod ureq_client;
