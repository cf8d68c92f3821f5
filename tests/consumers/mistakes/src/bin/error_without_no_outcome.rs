// says: end the call with `.try_call()` (or, async, with `.await` alone)
use insist::Policy;
use insist::blocking::retry;

fn main() {
    let _ = retry(Policy::default(), |_| "4".parse::<u32>()).call();
}
