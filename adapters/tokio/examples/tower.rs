//! A tower stack: a call has 2 s in all and is retried; each attempt has 200 ms and one of five places. `cargo run -p
//! insist-tokio --features tower --example tower`

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use insist_tokio::tower::{Error, Layer};
use insist_tokio::{Budget, Policy, Repeat, Verdict};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

/// A second request if the first has not answered after 50 ms; waits drawn from up to 20 ms, 40 ms …
const POLICY: Policy =
    Policy::exponential(Duration::from_millis(20)).attempts(4).lanes(2).hedge_after(Duration::from_millis(50));

/// All clones of the service share it.
static BUDGET: Budget = Budget::new(0.2);

#[derive(Clone, Debug)]
struct Request {
    method: &'static str,
    path: &'static str,
}

/// Never answers the fifth request, and answers every other one with 503.
async fn serve(request: Request) -> Result<u16, io::Error> {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    let number = 1 + REQUESTS.fetch_add(1, Ordering::Relaxed);
    println!("  request {number}: {} {}", request.method, request.path);
    if number == 5 {
        std::future::pending::<()>().await;
    }
    Ok(if number % 2 == 1 { 503 } else { 200 })
}

fn judge(outcome: &Result<u16, BoxError>) -> Verdict {
    match outcome {
        Ok(status) if *status < 500 => Verdict::Accept,
        Ok(_) | Err(_) => Verdict::retry(),
    }
}

fn repeat(request: &Request) -> Repeat {
    if request.method == "GET" { Repeat::Always } else { Repeat::IfUnsent }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut service = ServiceBuilder::new()
        .timeout(Duration::from_secs(2))
        .map_err(Error::into_boxed) // tower's timeout has an error of its own
        .layer(Layer::race(POLICY).room::<2>().gate(&BUDGET).judge(judge).repeat_for(repeat))
        .concurrency_limit(5)
        .timeout(Duration::from_millis(200))
        .service(service_fn(serve));
    for method in ["GET", "GET", "GET", "POST"] {
        let status = service.ready().await?.call(Request { method, path: "/" }).await?;
        println!("{method}: {status}");
    }
    Ok(())
}
