//! One call site with backon.

#[path = "../sites/backon.rs"]
mod site;

fn start<const SITE: usize>() -> tokio::task::JoinHandle<insist_small_tokio::Result> {
    tokio::spawn(site::call::<SITE>())
}

fn main() {
    insist_small_tokio::run(&[start::<0>]);
}
