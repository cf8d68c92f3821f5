//! Streams that are fed while they are sent: nothing is read ahead.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use insist_flaky::Answer;
use insist_reqwest::Body;
use tokio::sync::mpsc;

use crate::{client, serve};

/// A body that is fed through a channel.
struct Fed(mpsc::Receiver<&'static str>);

impl http_body::Body for Fed {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(http_body::Frame::data(piece.into()))))
    }
}

#[tokio::test]
async fn a_stream_is_sent_as_it_is_fed_and_again_after_a_failure() {
    let server = serve([Answer::reset(), Answer::ok("hello")]);
    let (feed, fed) = mpsc::channel(1);
    let call = tokio::spawn(client().put(server.url()).body(Body::wrap(Fed(fed))).send());
    for piece in ["one ", "two ", "three"] {
        feed.send(piece).await.unwrap();
    }
    drop(feed);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    let bodies: Vec<_> = server.requests().iter().map(|seen| seen.body.clone()).collect();
    assert_eq!(bodies.last().unwrap(), b"one two three");
}
