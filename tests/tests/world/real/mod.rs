//! Real servers and proxies that are reloaded, killed and started again under load: what may be repeated returns with the
//! answer to what it asked, and what must not be repeated arrives once or not at all.
//!
//! Each runs where its program is on the PATH or in `/usr/sbin`, and says so where there is none (Debian: `apt-get install
//! apache2-bin haproxy nginx-light nodejs squid tinyproxy-bin`). They need no root, and keep everything in a folder and on
//! a port of their own.

mod apache;
mod calls;
mod daemon;
mod haproxy;
mod load;
mod nginx;
mod node;
mod squid;
mod tinyproxy;
