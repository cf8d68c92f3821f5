//! In madsim's simulation the same seed makes the same run, to the nanosecond: waits, seeds, hedges, and who comes first.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use insist_futures::testing::{Reality, check_timer};
use insist_futures::{Breaker, Budget, Policy, race};
use insist_madsim::MadsimTimer;
use madsim::rand::{Rng, thread_rng};
use madsim::runtime::Runtime;
use madsim::time::{TimeHandle, advance, sleep};

const MS: Duration = Duration::from_millis(1);
const POLICY: Policy = Policy::exponential(Duration::from_millis(40))
    .attempts(8)
    .lanes(2)
    .hedge_after(Duration::from_millis(30))
    .attempt_timeout(Duration::from_millis(90))
    .deadline(Duration::from_millis(250));

/// A server that is slow or down as the simulation's random numbers have it.
async fn ask() -> Result<u32, ErrorKind> {
    let (pause, is_down) = (thread_rng().gen_range(1..120), thread_rng().gen_bool(0.8));
    sleep(pause * MS).await;
    if is_down { Err(ErrorKind::ConnectionRefused) } else { Ok(pause) }
}

/// Makes calls beside each other that share gates, and tells every decision with its time, and every seed.
async fn simulate() -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let gates = Arc::new((Budget::new(2.0), Breaker::new(0.9)));
    let calls: Vec<_> = (0..20)
        .map(|call| {
            let (lines, gates) = (Arc::clone(&lines), Arc::clone(&gates));
            madsim::task::spawn(async move {
                let tell = |what: String| {
                    let time = TimeHandle::current().elapsed();
                    lines.lock().unwrap().push(format!("{time:?} call {call}: {what}"));
                };
                let asked = race(MadsimTimer, POLICY, |_| ask()).gate(&*gates).notify(|event| tell(event.to_string()));
                let (result, report) = asked.report().await;
                tell(format!("{:?}, seed {:?}", result.map_err(|gave_up| gave_up.reason), report.seed));
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let lines = lines.lock().unwrap();
    lines.clone()
}

/// A thread of its own is what madsim gives to each simulation too: it sets the thread's hash seeds.
fn run(seed: u64) -> Vec<String> {
    let simulation = || Runtime::with_seed_and_config(seed, madsim::Config::default()).block_on(simulate());
    thread::scope(|scope| scope.spawn(simulation).join().unwrap())
}

/// The same simulation twice is the same, seeds included; another seed is another.
#[test]
fn the_same_simulation_twice_is_the_same() {
    let first = run(7);
    for what in ["retry in lane", "hedge in lane", "timeout", "lost", "Ok(", "Err(Deadline)", "Err(Refused)"] {
        assert!(first.iter().any(|line| line.contains(what)), "nothing of {what:?}: {first:#?}");
    }
    let second = run(7);
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one, other);
    }
    assert_eq!(first.len(), second.len());
    assert_ne!(first, run(8));
}

/// madsim's own check compares every random number, and the time at which it was drawn.
#[test]
fn madsims_own_check_finds_nothing_that_differs() {
    Runtime::check_determinism(9, madsim::Config::default(), simulate);
}

struct Simulated;

impl Reality for Simulated {
    fn elapsed(&self) -> Duration {
        TimeHandle::current().elapsed()
    }

    fn pass(&self, span: Duration) {
        advance(span);
    }
}

#[test]
fn the_timer_keeps_the_contract() {
    Runtime::new().block_on(check_timer(&MadsimTimer, &Simulated)).unwrap();
}
