//! HTTP over hyper 1: an attempt owns its connection, so dropping the attempt closes it.
//! `cargo run -p insist-tokio --example http`

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use insist_http::Rules;
use insist_tokio::{Policy, Report, Verdict, race};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A second request if the first has not answered after 100 ms, and at most four in all.
const POLICY: Policy = Policy::exponential(Duration::from_millis(50))
    .attempts(4)
    .attempt_timeout(Duration::from_secs(1))
    .lanes(2)
    .hedge_after(Duration::from_millis(100));

pub(crate) type Answer = Response<Bytes>;

/// Sends a GET, and returns the accepted answer or else the last one, with the report.
pub(crate) async fn get(address: SocketAddr, path: &str, policy: &Policy) -> (io::Result<Answer>, Report) {
    let request = || Request::get(path).header("host", address.to_string()).body(Full::default());
    let call = race(policy, |_| async move { send(address, request().map_err(io::Error::other)?).await });
    let (result, report) = call.judge(judge).report().await;
    let last = result.or_else(|gave_up| {
        let (last, none) = gave_up.split();
        last.unwrap_or_else(|| Err(none.into()))
    });
    (last, report)
}

/// Makes one attempt: a connection, a request and the whole answer.
pub(crate) async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> io::Result<Answer> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let mut answer = pin!(async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    });
    // The task that hyper wants for a connection is not spawned: it is polled here, and dropped with the attempt.
    let answer: hyper::Result<Answer> = tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await, // the answer, or the error that the connection ended with
    };
    answer.map_err(io::Error::other)
}

/// Judges by HTTP's statuses and Retry-After; after a refused connection, nothing was sent.
pub(crate) fn judge(outcome: &io::Result<Answer>) -> Verdict {
    match outcome {
        Ok(answer) => Rules::new().judge_by_system_clock(answer.status(), answer.headers()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Verdict::retry().unsent(),
        Err(_) => Verdict::retry(),
    }
}

/// Answers the first request with 503, the second never, and the third with 200. Returns how many bytes more the second
/// connection sent: none, because the client has closed it.
async fn serve(listener: TcpListener) -> io::Result<usize> {
    answer(&listener, "503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n").await?;
    let mut hung = answer(&listener, "").await?;
    answer(&listener, "200 OK\r\ncontent-length: 5\r\n\r\nhello").await?;
    hung.read(&mut [0]).await
}

async fn answer(listener: &TcpListener, answer: &str) -> io::Result<TcpStream> {
    let (mut stream, _) = listener.accept().await?;
    let _length = stream.read(&mut [0; 1024]).await?;
    if !answer.is_empty() {
        stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await?;
    }
    Ok(stream)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(listener));
    let (answer, report) = get(address, "/", &POLICY).await;
    print!("{report}");
    let answer = answer?;
    println!("{}: {}", answer.status(), String::from_utf8_lossy(answer.body()));
    println!("the connection that hung has ended after {} bytes more", server.await??);
    Ok(())
}
