//! A budget that all calls of a service share: when the service is down, it gets a few retries more, not several times
//! the load. `cargo run -p insist-tokio --example budget`

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use insist_tokio::{Budget, GaveUp, Policy, Reason, retry};

/// Three attempts, each after up to 10 ms.
const POLICY: Policy = Policy::constant(Duration::from_millis(10)).attempts(3);

/// A client of one service. Its clones share a budget: one retry for five first sends, and a reserve of ten.
#[derive(Clone)]
struct Client {
    budget: Arc<Budget>,
    /// The number of requests that have reached the service.
    load: Arc<AtomicU32>,
}

impl Client {
    fn new() -> Self {
        Self { budget: Arc::new(Budget::new(0.2).with_reserve(10)), load: Arc::default() }
    }

    async fn get(&self) -> Result<(), GaveUp<&'static str>> {
        retry(POLICY, |_| self.send()).gate(&self.budget).await
    }

    /// The service is down.
    async fn send(&self) -> Result<(), &'static str> {
        self.load.fetch_add(1, Ordering::Relaxed);
        Err("503 Service Unavailable")
    }
}

#[tokio::main]
async fn main() {
    let client = Client::new();
    let start = |client: Client| tokio::spawn(async move { client.get().await });
    let calls: Vec<_> = (0..100).map(|_| start(client.clone())).collect();
    let mut refused = 0;
    for call in calls {
        let gave_up = call.await.expect("no call panics").expect_err("the service is down");
        if gave_up.reason == Reason::Refused {
            if refused == 0 {
                println!("{gave_up}");
            }
            refused += 1;
        }
    }
    let load = client.load.load(Ordering::Relaxed);
    println!("100 calls, {load} requests instead of 300; {refused} calls got no further attempt");
}
