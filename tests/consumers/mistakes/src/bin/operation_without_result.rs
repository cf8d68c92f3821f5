// says: expected enum `Result<_, _>`
use insist::Policy;
use insist::blocking::retry;

fn main() {
    let _ = retry(Policy::default(), |_| 5).try_call();
}
