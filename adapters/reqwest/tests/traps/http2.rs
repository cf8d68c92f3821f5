//! HTTP/2: what the protocol says was not processed is repeated, and losers are reset.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use h2::Reason;
use insist_reqwest::insisting::Policy;
use insist_reqwest::{Client, Insist};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{builder, ms};

/// Says what is done with a stream.
#[derive(Clone, Copy)]
enum Do {
    Answer,
    Reset(Reason),
    Wait(Duration),
}

#[derive(Default)]
struct Seen {
    streams: AtomicU32,
    resets: Mutex<Vec<Reason>>,
}

/// A server that does this with its streams, by their number from 1.
async fn serve(script: impl Fn(u32) -> Do + Send + Sync + 'static) -> (SocketAddr, Arc<Seen>) {
    serve_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), script)
}

fn serve_on(listener: TcpListener, script: impl Fn(u32) -> Do + Send + Sync + 'static) -> (SocketAddr, Arc<Seen>) {
    let address = listener.local_addr().unwrap();
    let (script, seen) = (Arc::new(script), Arc::new(Seen::default()));
    let record = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (script, seen) = (Arc::clone(&script), Arc::clone(&record));
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_request, mut respond))) = connection.accept().await {
                    match script(seen.streams.fetch_add(1, SeqCst) + 1) {
                        Do::Answer => {
                            let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                            body.send_data("hello".into(), true).unwrap();
                        }
                        Do::Reset(reason) => respond.send_reset(reason),
                        Do::Wait(time) => {
                            let seen = Arc::clone(&seen);
                            tokio::spawn(async move {
                                tokio::select! {
                                    () = tokio::time::sleep(time) => {}
                                    reason = std::future::poll_fn(|context| respond.poll_reset(context)) => {
                                        seen.resets.lock().unwrap().extend(reason.ok());
                                    }
                                }
                            });
                        }
                    }
                }
            });
        }
    });
    (address, seen)
}

fn client() -> Client {
    builder().http2_prior_knowledge().build().unwrap()
}

#[tokio::test]
async fn a_post_whose_stream_was_refused_is_sent_again() {
    let (address, seen) = serve(|number| if number < 3 { Do::Reset(Reason::REFUSED_STREAM) } else { Do::Answer }).await;
    let answer = client().post(format!("http://{address}/")).body("x").send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello");
    assert_eq!(seen.streams.load(SeqCst), 3, "reqwest's own retries are off");
}

#[tokio::test]
async fn a_post_that_a_goaway_does_not_cover_is_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let call = tokio::spawn(client().post(&url).send());
    let (mut stream, _) = listener.accept().await.unwrap();
    refuse_all(&mut stream).await;
    let (_, seen) = serve_on(listener, |_| Do::Answer);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(seen.streams.load(SeqCst), 1);
}

/// Says as a server that no stream was processed, once the first has arrived.
async fn refuse_all(stream: &mut TcpStream) {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // Last stream 0, NO_ERROR.
    const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const HEADERS: u8 = 1;
    stream.write_all(&SETTINGS).await.unwrap();
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        if head[3] == HEADERS {
            return stream.write_all(&GOAWAY).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_post_whose_stream_broke_is_not_sent_again_and_a_get_is() {
    let (address, seen) = serve(|number| if number < 3 { Do::Reset(Reason::INTERNAL_ERROR) } else { Do::Answer }).await;
    assert!(client().post(format!("http://{address}/")).body("x").send().await.is_err());
    assert_eq!(client().get(format!("http://{address}/")).send().await.unwrap().status(), 200);
    assert_eq!(seen.streams.load(SeqCst), 3);
}

#[tokio::test]
async fn the_protocols_own_complaints_stop() {
    let (address, seen) = serve(|_| Do::Reset(Reason::HTTP_1_1_REQUIRED)).await;
    assert!(client().get(format!("http://{address}/")).send().await.is_err());
    assert_eq!(seen.streams.load(SeqCst), 1);
}

#[tokio::test]
async fn a_loser_is_reset_and_its_connection_lives_on() {
    let (address, seen) = serve(|number| if number == 1 { Do::Wait(crate::LONG) } else { Do::Answer }).await;
    let client = client();
    let url = format!("http://{address}/");
    let request = client.get(&url).policy(Policy::zero().lanes(2).hedge_after(ms(30)));
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "hello");
    while seen.resets.lock().unwrap().is_empty() {
        tokio::time::sleep(ms(5)).await;
    }
    assert_eq!(*seen.resets.lock().unwrap(), [Reason::CANCEL]);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
}
