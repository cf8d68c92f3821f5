// says: give a `Policy`, a `&Policy`, an `Arc<Policy>`, or `Terms` or `&Terms` that hold one of these
use insist::blocking::retry;

fn main() {
    let _ = retry(3, |_| std::fs::read_to_string("Cargo.toml")).call();
}
