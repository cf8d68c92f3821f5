//! Raced calls leave nothing behind. Alone in its process, for it counts the process's threads.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::insisting::Policy;
use insist_ureq::{Agent, Insist};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn two_hundred_raced_calls_leave_no_thread_and_no_connection() {
    let answers = Script::paths().path("/fast", Answer::ok("fast")).path("/never", Answer::never());
    let server = Server::start(answers).unwrap();
    let agent = Agent::new_with_defaults().policy(Policy::zero().lanes(2).attempts(2));
    let replicas = [server.at("/never"), server.at("/fast")];
    let before = threads();
    for _ in 0..200 {
        let mut answer = agent.get(&replicas[0]).replicas(&replicas).call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "fast");
    }
    drop(agent);
    let limit = Instant::now() + Duration::from_secs(60);
    while threads() > before {
        assert!(Instant::now() < limit, "{} threads, {before} before", threads());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(server.wait_until(|seen| seen.open_connections() == 0, Duration::from_secs(60)));
}
