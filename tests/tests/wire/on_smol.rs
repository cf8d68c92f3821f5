//! hyper with smol-hyper as a client, as in the example of insist-smol: no executor, and an attempt owns its connection.

use std::io;
use std::net::SocketAddr;

use async_net::TcpStream;
use futures_lite::future;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::client::conn::http1;
use insist_http::Rules;
use insist_smol::{Sent, SmolTimer, Verdict};
use smol_hyper::rt::FuturesIo;

use crate::ask::Ask;
use crate::client::{Client, Seen};
use crate::driven;

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
        let send = |request| send(self.proxy, request);
        async_io::block_on(driven::call(SmolTimer, ask, self.proxy, send, judge))
    }
}

async fn send(proxy: SocketAddr, request: driven::Sent) -> driven::Outcome {
    let stream = TcpStream::connect(proxy).await?;
    let (mut sender, connection) = http1::handshake(FuturesIo::new(stream)).await.map_err(io::Error::other)?;
    let answer = async {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    };
    let connection = async {
        connection.await?;
        // It has ended well, and what it brought is still to be read.
        future::pending().await
    };
    future::or(answer, connection).await.map_err(|error: hyper::Error| io::Error::other(error))
}

fn judge(outcome: &driven::Outcome) -> Verdict {
    match outcome {
        Ok(answer) => Rules::new().judge_by_system_clock(answer.status(), answer.headers()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Verdict::retry().sent(Sent::No),
        Err(_) => Verdict::retry(),
    }
}
