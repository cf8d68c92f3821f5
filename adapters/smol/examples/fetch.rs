//! Fetches a page over hyper 1, without an executor: `fetch http://127.0.0.1:8080/`.
//!
//! The task that hyper wants for a connection is raced inside the attempt. So an attempt owns its socket: when the call
//! drops it, because another was faster or it took too long, the socket is closed.

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use async_net::{AsyncToSocketAddrs, TcpStream};
use futures_lite::future;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri};
use insist_http::Rules;
use insist_smol::{Policy, Verdict, race};
use smol_hyper::rt::FuturesIo;

/// A second request if the first has not answered after 300 ms, and at most four in all.
const POLICY: Policy = Policy::exponential(Duration::from_millis(100))
    .attempts(4)
    .attempt_timeout(Duration::from_secs(5))
    .deadline(Duration::from_secs(30))
    .lanes(2)
    .hedge_after(Duration::from_millis(300));

/// 503 and its like are retried, no sooner than their Retry-After says; every other status is an answer.
const RULES: Rules = Rules::new();

type Answer = Response<Bytes>;

/// Fetches a URI, and returns the accepted answer or else the last one.
pub(crate) async fn get(uri: &Uri, policy: &Policy) -> io::Result<Answer> {
    race(policy, |_| fetch(uri.clone())).judge(judge).call().await
}

/// Judges by HTTP's statuses and Retry-After; after a refused connection, nothing was sent.
pub(crate) fn judge(outcome: &io::Result<Answer>) -> Verdict {
    match outcome {
        Ok(answer) => RULES.judge_by_system_clock(answer.status(), answer.headers()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Verdict::retry().unsent(),
        Err(_) => Verdict::retry(),
    }
}

async fn fetch(uri: Uri) -> io::Result<Answer> {
    let host = uri.host().ok_or_else(|| io::Error::other("an address has a host: http://127.0.0.1:8080/"))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header("host", host).body(Full::default()).map_err(io::Error::other)?;
    send((host, uri.port_u16().unwrap_or(80)), request).await
}

/// Makes one attempt: a connection, a request and the whole answer.
pub(crate) async fn send(address: impl AsyncToSocketAddrs, request: Request<Full<Bytes>>) -> io::Result<Answer> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(FuturesIo::new(stream)).await.map_err(io::Error::other)?;
    let answer = async {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    };
    let connection = async {
        connection.await?;
        // The connection has ended well; its answer is still to be read.
        future::pending().await
    };
    future::or(answer, connection).await.map_err(|error: hyper::Error| io::Error::other(error))
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let uri: Uri = std::env::args().nth(1).ok_or("say what to fetch: fetch http://127.0.0.1:8080/")?.parse()?;
    let answer = async_io::block_on(get(&uri, &POLICY))?;
    println!("{}\n{}", answer.status(), String::from_utf8_lossy(answer.body()));
    Ok(if answer.status().is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
