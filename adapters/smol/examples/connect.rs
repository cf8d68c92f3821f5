//! Waits for a server to come up: `connect 127.0.0.1:8080`.

use std::error::Error;
use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

use async_net::TcpStream;
use insist_smol::{Policy, retry};

/// 50 ms, 100 ms, 200 ms … up to 2 s, each of them somewhat shorter by chance, for as long as a minute.
const POLICY: Policy = Policy::exponential(Duration::from_millis(50))
    .cap(Duration::from_secs(2))
    .unlimited_attempts()
    .attempt_timeout(Duration::from_secs(1))
    .deadline(Duration::from_secs(60));

/// Connects once a server listens. Any error but a refusal ends the call, for it will not mend itself.
pub(crate) async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let call = retry(POLICY, |_| TcpStream::connect(address));
    call.when(|error| error.kind() == ErrorKind::ConnectionRefused).call().await
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("say where to: connect 127.0.0.1:8080")?.parse()?;
    let stream = async_io::block_on(connect(address))?;
    println!("{} listens", stream.peer_addr()?);
    Ok(())
}
