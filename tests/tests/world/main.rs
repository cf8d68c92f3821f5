//! The world outside: other people's clients and servers, bytes that nobody wrote, and programs of outsiders.

mod consumers;
mod examples;
mod fuzz;
#[cfg(target_os = "linux")]
mod real;
#[cfg(target_os = "linux")]
mod wire;
