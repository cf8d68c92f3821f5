//! A server that is unavailable twice, asks for 40 ms each time, and then answers what it was sent.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::net::TcpListener;

pub type Calls = Arc<Mutex<Vec<Bytes>>>;

async fn answer(calls: Calls, request: Request<Body>) -> Response<Body> {
    let sent = request.into_body().collect().await.unwrap().to_bytes();
    calls.lock().unwrap().push(sent.clone());
    let answer = Response::builder().header("content-type", "application/grpc");
    if calls.lock().unwrap().len() < 3 {
        let busy = answer.header("grpc-status", "14").header("grpc-retry-pushback-ms", "40");
        return busy.body(Body::empty()).unwrap();
    }
    let status = HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
    let frames = [Frame::data(sent), Frame::trailers(status)].map(Ok::<_, std::convert::Infallible>);
    answer.body(Body::new(StreamBody::new(tokio_stream::iter(frames)))).unwrap()
}

pub async fn start() -> std::io::Result<(String, Calls)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (url, calls) = (format!("http://{}", listener.local_addr()?), Calls::default());
    let seen = Arc::clone(&calls);
    let app = Router::new().fallback(move |request| answer(Arc::clone(&seen), request));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok((url, calls))
}
