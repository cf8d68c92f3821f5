//! What happens to connections: scripted servers and proxies on loopback, with and without TLS.

mod bodies;
#[path = "../../../../tests/include/certificate.rs"]
mod certificate;
mod expect;
mod lookups;
mod pooled;
mod proxies;
mod redirects;
mod server;
mod uploads;
