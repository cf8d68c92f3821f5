//! Which threads calls start, and that none is left. Alone in its process, for it counts the process's threads.
#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use std::{fs, thread};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::insisting::Policy;
use insist_ureq::{Agent, Insist};

/// Long enough for a noisy machine; no test waits for it.
const LONG: Duration = Duration::from_secs(60);

/// Returns the names of the threads that calls have started: those of attempts, the timer, look-ups.
fn started() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.map(|task| fs::read_to_string(task.path().join("comm")).unwrap_or_default().trim().to_owned());
    names.filter(|name| name.starts_with("insist-")).collect()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < limit, "{what}: {:?}", started());
        thread::sleep(Duration::from_millis(5));
    }
}

/// One test, because each part counts threads.
#[test]
fn calls_start_threads_only_for_attempts_that_run_beside_others() {
    let server =
        Server::start(Script::paths().path("/fast", Answer::ok("fast")).path("/never", Answer::never())).unwrap();
    let both = [server.at("/never"), server.at("/fast")];
    let agent = Agent::new_with_defaults();

    one_lane_starts_none(&agent, &server.at("/fast"));
    hedges_that_are_never_sent_start_none_but_the_timer(&agent, &server.at("/fast"));
    raced_calls_leave_none(&agent, &both);
    drop(agent);
    wait_until("no connection is left", || server.open_connections() == 0);
    three_hundred_races_of_three_start_two_each();
    wait_until("the timer ends too", || started().is_empty());
}

fn read(agent: &Agent, url: &str) -> String {
    agent.get(url).call().unwrap().body_mut().read_to_string().unwrap()
}

fn one_lane_starts_none(agent: &Agent, url: &str) {
    let limited = Policy::default().attempt_timeout(LONG).deadline(LONG);
    for agent in [agent.clone(), agent.clone().policy(limited)] {
        for fresh in [agent.clone(), Agent::new_with_defaults().policy(limited)] {
            assert_eq!(read(&fresh, url), "fast");
            assert_eq!(started(), [""; 0]);
        }
    }
}

fn hedges_that_are_never_sent_start_none_but_the_timer(agent: &Agent, url: &str) {
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(LONG).deadline(LONG);
    for _ in 0..100 {
        assert_eq!(read(&agent.clone().policy(policy), url), "fast");
        assert_timer_at_most();
    }
    // A new connection, to a name.
    let url = url.replace("127.0.0.1", "localhost");
    assert_eq!(read(&Agent::new_with_defaults().policy(policy), &url), "fast");
    assert_timer_at_most();
}

/// A thread that has just been started may not have its name yet.
fn assert_timer_at_most() {
    let started = started();
    assert!(started.is_empty() || started == ["insist-timer"], "{started:?}");
}

fn raced_calls_leave_none(agent: &Agent, both: &[String]) {
    let agent = agent.clone().policy(Policy::zero().lanes(2).attempts(2)).replicas(both);
    for _ in 0..200 {
        assert_eq!(read(&agent, &both[0]), "fast");
    }
    wait_until("no attempt is left", || started().iter().all(|name| name == "insist-timer"));
}

fn three_hundred_races_of_three_start_two_each() {
    const RACES: usize = 300;
    let (all, most) = (Barrier::new(3 * RACES), Arc::new(AtomicUsize::new(0)));
    let counts = Arc::clone(&most);
    let server = Server::start(Script::each(move |_, _| {
        // Nobody is answered before all are here and are counted.
        if all.wait().is_leader() {
            counts.store(started().len(), Ordering::SeqCst);
        }
        all.wait();
        Answer::ok("fast")
    }))
    .unwrap();
    let agent = Agent::new_with_defaults().policy(Policy::zero().lanes(3).attempts(3));
    let url = server.at("/");
    thread::scope(|scope| {
        for _ in 0..RACES {
            scope.spawn(|| assert_eq!(read(&agent, &url), "fast"));
        }
    });
    let most = most.load(Ordering::SeqCst);
    assert!((RACES..=2 * RACES + 10).contains(&most), "{most}");
    wait_until("no attempt is left", || started().iter().all(|name| name == "insist-timer"));
}
