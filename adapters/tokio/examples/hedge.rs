//! A hedged request: where an answer takes longer than most, a second request is sent, and the faster one wins.
//! `cargo run -p insist-tokio --example hedge`

use std::time::{Duration, Instant};

use insist_tokio::{Attempt, Budget, Policy, race};
use tokio::time::sleep;

/// A second request if the first has not answered after 20 ms, which 95 in 100 have.
const POLICY: Policy = Policy::zero().lanes(2).hedge_after(Duration::from_millis(20)).attempts(2);

/// At most one request in five is doubled, so that a server that is slow for everybody is not given twice the work.
static BUDGET: Budget = Budget::new(0.2);

/// Usually takes 5 ms, and once in ten requests 200 ms.
async fn search(request: u32, attempt: Attempt) -> std::io::Result<&'static str> {
    let is_slow = request % 10 == 9 && attempt.lane == 0;
    sleep(Duration::from_millis(if is_slow { 200 } else { 5 })).await;
    Ok(if attempt.lane == 0 { "the first" } else { "the hedge" })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut slowest = Duration::ZERO;
    for request in 0..30 {
        let started = Instant::now();
        // The loser is dropped before the winner is returned.
        let winner = race(POLICY, |attempt| search(request, attempt)).room::<2>().gate(&BUDGET).call().await?;
        if winner == "the hedge" {
            println!("request {request}: {winner} answered after {:.0?}", started.elapsed());
        }
        slowest = slowest.max(started.elapsed());
    }
    println!("30 requests, three of them slow by 200 ms; the slowest answer took {slowest:.0?}");
    Ok(())
}
