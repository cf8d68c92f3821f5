//! The example of insist-smol as a client: its attempts and its judge, without an executor.

use std::net::SocketAddr;

use insist_smol::SmolTimer;

use crate::ask::Ask;
use crate::client::{Client, Seen};
use crate::driven;

#[allow(dead_code)] // It is a program.
#[path = "../../../adapters/smol/examples/fetch.rs"]
mod example;

pub(crate) struct Smol {
    proxy: SocketAddr,
}

impl Smol {
    pub(crate) const fn new(proxy: SocketAddr) -> Self {
        Self { proxy }
    }
}

impl Client for Smol {
    const STOPS_AT_NOISE: bool = false;

    fn call(&self, ask: &Ask) -> Seen {
        let send = |request| example::send(self.proxy, request);
        async_io::block_on(driven::call(SmolTimer, ask, self.proxy, send, example::judge))
    }
}
