// says: give `&gate`, an `Arc` of it, a tuple of gates, or an `Option` of one
use insist::Policy;
use insist::blocking::retry;

fn main() {
    let _ = retry(Policy::default(), |_| std::fs::read_to_string("Cargo.toml")).gate(0.1).call();
}
