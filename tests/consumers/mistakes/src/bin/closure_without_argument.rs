// says: |_|
use insist::Policy;
use insist::blocking::retry;

fn main() {
    let _ = retry(Policy::default(), || std::fs::read_to_string("Cargo.toml")).call();
}
