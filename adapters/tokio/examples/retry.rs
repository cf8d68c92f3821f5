//! A plain retry: a connection to a server that is still starting. `cargo run -p insist-tokio --example retry`

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use insist_tokio::{Policy, retry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Waits drawn from up to 50 ms, 100 ms, 200 ms …; at most 10 attempts of at most a second, and 5 s in all.
const POLICY: Policy = Policy::exponential(Duration::from_millis(50))
    .attempts(10)
    .attempt_timeout(Duration::from_secs(1))
    .deadline(Duration::from_secs(5));

/// Makes one attempt, on a connection of its own, which is closed when the attempt is dropped.
async fn greet(address: SocketAddr) -> io::Result<String> {
    let mut greeting = String::new();
    TcpStream::connect(address).await?.read_to_string(&mut greeting).await?;
    Ok(greeting)
}

/// Retries while nobody listens at the address.
fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A port on which nobody listens for 100 ms.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?;
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (mut stream, _) = TcpListener::bind(address).await?.accept().await?;
        stream.write_all(b"hello").await
    });

    let (greeting, report) = retry(POLICY, |_| greet(address))
        .when(is_transient)
        .notify(|event| println!("  {event}")) // every decision, as it is made
        .report()
        .await;
    println!("{:?} after {} attempts in {:.0?}", greeting?, report.attempts, report.elapsed);
    Ok(())
}
