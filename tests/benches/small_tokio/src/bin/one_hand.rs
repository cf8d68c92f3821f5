//! One call site with a loop by hand.

#[path = "../sites/hand.rs"]
mod site;

fn start<const SITE: usize>() -> tokio::task::JoinHandle<insist_small_tokio::Result> {
    tokio::spawn(site::call::<SITE>())
}

fn main() {
    insist_small_tokio::run(&[start::<0>]);
}
