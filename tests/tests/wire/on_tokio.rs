//! The example of insist-tokio as a client: its attempts and its judge, driven on tokio.

use std::net::SocketAddr;

use insist_tokio::TokioTimer;
use tokio::runtime::{Builder, Runtime};

use crate::ask::Ask;
use crate::client::{Client, Seen};
use crate::driven;

#[allow(dead_code)] // It is a program.
#[path = "../../../adapters/tokio/examples/http.rs"]
mod example;

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

pub(crate) struct Tokio {
    runtime: Runtime,
    proxy: SocketAddr,
}

impl Tokio {
    pub(crate) fn new(proxy: SocketAddr) -> Self {
        Self { runtime: runtime(), proxy }
    }
}

impl Client for Tokio {
    const STOPS_AT_NOISE: bool = false;

    fn call(&self, ask: &Ask) -> Seen {
        let send = |request| example::send(self.proxy, request);
        self.runtime.block_on(driven::call(TokioTimer, ask, self.proxy, send, example::judge))
    }
}
