// says: end a call of `retry_local` with `.call()`, `.try_call()` or `.report()`, and await that
use insist::Policy;
use insist::tokio::retry_local;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let _ = retry_local(Policy::default(), async |_| std::fs::read_to_string("Cargo.toml")).await;
}
