//! 17 call sites with backon.

#[path = "../sites/backon.rs"]
mod site;

fn start<const SITE: usize>() -> tokio::task::JoinHandle<insist_small_tokio::Result> {
    tokio::spawn(site::call::<SITE>())
}

fn main() {
    insist_small_tokio::run(&[
        start::<0>,
        start::<1>,
        start::<2>,
        start::<3>,
        start::<4>,
        start::<5>,
        start::<6>,
        start::<7>,
        start::<8>,
        start::<9>,
        start::<10>,
        start::<11>,
        start::<12>,
        start::<13>,
        start::<14>,
        start::<15>,
        start::<16>,
    ]);
}
