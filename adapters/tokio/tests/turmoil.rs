//! In turmoil's simulation the same seed makes the same run, to the nanosecond: waits, seeds, hedges, and what the
//! network does.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use insist_futures::Seeded;
use insist_futures::tower::Layer;
use insist_tokio::{Policy, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer as _, ServiceExt, service_fn};
use turmoil::net::{TcpListener, TcpStream};

const PORT: u16 = 9000;
const POLICY: Policy = Policy::exponential(Duration::from_millis(40))
    .attempts(8)
    .attempt_timeout(Duration::from_millis(300))
    .deadline(Duration::from_secs(20));
const HEDGED: Policy = POLICY.lanes(2).hedge_after(Duration::from_millis(30));

type Trace = Rc<RefCell<Vec<String>>>;

async fn greet() -> std::io::Result<u8> {
    let mut stream = TcpStream::connect(("server", PORT)).await?;
    let mut answer = [0];
    stream.read_exact(&mut answer).await?;
    Ok(answer[0])
}

/// Hangs up on two of three clients, and answers the others.
async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), PORT)).await?;
    for number in 0_u8.. {
        let (mut stream, _) = listener.accept().await?;
        if number % 3 == 2 {
            stream.write_all(&[number]).await?;
        }
    }
    Ok(())
}

/// Returns what a client of the simulation sees: every decision, with its time.
fn run(seed: u64) -> Vec<String> {
    let trace = Trace::default();
    let mut sim = turmoil::Builder::new()
        .simulation_duration(Duration::from_secs(120))
        .rng_seed(seed)
        .fail_rate(0.02)
        .repair_rate(0.6)
        .build();
    sim.host("server", serve);
    let seen = Rc::clone(&trace);
    sim.client("client", async move {
        let timer = Seeded::new(TokioTimer, seed);
        for call in 0..12 {
            let note = |event: String| seen.borrow_mut().push(format!("call {call}: {event}"));
            let result = insist_futures::race(timer.clone(), HEDGED, |_| greet())
                .notify(|event| note(event.to_string()))
                .call()
                .await;
            note(format!("{:?}", result.map_err(|error| error.kind())));
        }
        let layer = Layer::<TokioTimer>::retry(POLICY).seed_for(|request: &u64| Some(*request));
        let service = layer.layer(service_fn(|_: u64| greet()));
        for request in 0..12 {
            let started = tokio::time::Instant::now();
            let answer = service.oneshot(request).await;
            seen.borrow_mut().push(format!("request {request}: {:?} after {:?}", answer.ok(), started.elapsed()));
        }
        Ok(())
    });
    sim.run().expect("the simulation ends");
    trace.take()
}

/// The same simulation twice is the same, seeds included; another seed is another.
#[test]
fn the_same_simulation_twice_is_the_same() {
    let first = run(7);
    assert!(first.iter().any(|line| line.contains("retry in lane")), "nothing was retried: {first:#?}");
    let second = run(7);
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one, other);
    }
    assert_eq!(first.len(), second.len());
    assert_ne!(first, run(8));
}
