//! A loopback HTTP/1.1 server that fails as its script says, for tests and demonstrations.
//!
//! A [`Script`] decides on an [`Answer`] for each request: a status after a delay, or a fault such as a reset,
//! a body cut short, or silence. The [`Server`] counts what it saw, the clients that left early included.
//!
//! ```
//! use insist_flaky::{Answer, Ending, Script, Server};
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//! use std::time::Duration;
//!
//! # fn main() -> std::io::Result<()> {
//! let server = Server::start(
//!     Script::paths()
//!         .path("/busy", [
//!             Answer::status(503).header("Retry-After", "1").body("busy"),
//!             Answer::ok("welcome").after(Duration::from_millis(5)),
//!         ])
//!         .path("/gone", Answer::reset())
//!         .path("/silent", Answer::never()),
//! )?;
//!
//! let get = |path: &str| -> std::io::Result<String> {
//!     let mut client = TcpStream::connect(server.address())?;
//!     write!(client, "GET {path} HTTP/1.1\r\nHost: flaky\r\nConnection: close\r\n\r\n")?;
//!     let mut answer = String::new();
//!     client.read_to_string(&mut answer)?;
//!     Ok(answer)
//! };
//! assert!(get("/busy")?.starts_with("HTTP/1.1 503 "));
//! assert!(get("/busy")?.ends_with("\r\n\r\nwelcome"));
//! assert_eq!(get("/gone").unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
//!
//! // A client that does not wait for its answer is seen to leave.
//! let mut client = TcpStream::connect(server.address())?;
//! client.write_all(b"GET /silent HTTP/1.1\r\nHost: flaky\r\n\r\n")?;
//! assert!(server.wait_until(|seen| seen.hits("/silent") == 1, Duration::from_secs(10)));
//! drop(client);
//! assert!(server.wait_until(|seen| seen.disconnects() == 1, Duration::from_secs(10)));
//!
//! assert_eq!(server.hits("/busy"), 2);
//! let endings: Vec<Ending> = server.requests().iter().map(|seen| seen.ending).collect();
//! assert_eq!(endings, [Ending::Answered, Ending::Answered, Ending::Failed, Ending::Left]);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod answer;
mod connection;
mod delivery;
mod inbox;
mod intake;
mod record;
mod request;
mod script;
mod server;
mod watch;
mod wire;

pub use answer::Answer;
pub use record::{Ending, Record, Seen};
pub use request::Request;
pub use script::Script;
pub use server::Server;
