//! A backend, asked through hyper-util's client in a layer that insists.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use insist::tower::{BoxError, Layer};
use insist::{Budget, Policy};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

/// A second request if the first has not answered after 50 ms.
const POLICY: Policy = Policy::exponential(Duration::from_millis(10)).lanes(2).hedge_after(Duration::from_millis(50));
/// One retry or hedge for five requests, over all backends, and a few to begin with.
static BUDGET: Budget = Budget::new(0.2);

#[derive(Clone)]
pub struct Backend {
    client: BoxCloneSyncService<Request<Body>, axum::http::Response<hyper::body::Incoming>, BoxError>,
    url: String,
}

impl Backend {
    pub fn new(url: String) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let insist = Layer::http_race(&POLICY).gate(&BUDGET).wrap_body(Body::new);
        let client = ServiceBuilder::new().map_err(BoxError::from).layer(insist).service(client);
        Self { client: BoxCloneSyncService::new(client), url }
    }

    pub async fn get(&self, path: &str) -> Result<String, StatusCode> {
        let request = Request::get(format!("{}{path}", self.url)).body(Body::empty()).unwrap();
        let answer = self.client.clone().oneshot(request).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
        let body = answer.into_body().collect().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
        Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }
}
