//! What the programs share: what is called, and a program that starts all of its call sites.

pub mod sites;

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use insist_tokio::NoOutcome;
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

/// Holds what a call ends with.
pub type Result<T = usize, E = Failed> = std::result::Result<T, E>;

/// Starts a call.
pub type Start<E> = fn() -> JoinHandle<Result<usize, E>>;

/// Says how often it was sent before.
#[derive(Debug)]
pub struct Failed(pub usize);

impl From<NoOutcome> for Failed {
    fn from(_: NoOutcome) -> Self {
        Self(0)
    }
}

impl Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

static SENT: [AtomicUsize; 32] = [const { AtomicUsize::new(0) }; 32];

/// A future of its own for each call site.
pub async fn fetch<const SITE: usize>() -> Result {
    answer(SITE)
}

/// Fails as often as there are arguments: what the compiler cannot know.
#[inline(never)]
pub fn answer(site: usize) -> Result {
    let sent = SENT[site].fetch_add(1, Ordering::Relaxed);
    if sent + 1 < std::env::args_os().len() { Err(Failed(sent)) } else { Ok(sent) }
}

/// From 0 to `high`: Marsaglia's xorshift64, for those who write it themselves.
pub fn random_up_to(high: u64) -> u64 {
    static STATE: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
    let mut state = STATE.load(Ordering::Relaxed);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    STATE.store(state, Ordering::Relaxed);
    ((u128::from(state) * (u128::from(high) + 1)) >> 64) as u64
}

/// A program with one call site, which is spawned, of this module of [`sites`].
#[macro_export]
macro_rules! one_site {
    ($site:ident) => {
        fn start<const SITE: usize>() -> tokio::task::JoinHandle<$crate::Result> {
            tokio::spawn($crate::sites::$site::call::<SITE>())
        }

        fn main() {
            $crate::run(&[start::<0>]);
        }
    };
}

/// A program with 17 call sites, each spawned, of this module of [`sites`].
#[macro_export]
macro_rules! many_sites {
    ($site:ident) => {
        fn start<const SITE: usize>() -> tokio::task::JoinHandle<$crate::Result> {
            tokio::spawn($crate::sites::$site::call::<SITE>())
        }

        fn main() {
            $crate::run(&[
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
    };
}

/// Starts them all on one thread, and prints what came of each.
pub fn run<E: Display>(sites: &[Start<E>]) {
    let runtime = Builder::new_current_thread().enable_time().build().expect("tokio starts");
    runtime.block_on(async {
        let calls: Vec<_> = sites.iter().map(|start| start()).collect();
        for call in calls {
            match call.await {
                Ok(Ok(sent)) => println!("{sent}"),
                Ok(Err(error)) => eprintln!("failed: {error}"),
                Err(_) => eprintln!("panicked"),
            }
        }
    });
}
