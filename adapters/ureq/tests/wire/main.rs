//! What happens to connections: scripted servers and proxies on loopback, with and without TLS.

mod bodies;
mod expect;
mod lookups;
mod pooled;
mod proxies;
mod redirects;
mod server;
mod uploads;
