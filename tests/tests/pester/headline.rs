//! The figure to beat: three replicas that answer after 200, 18 and 60 ms.

use std::sync::{Arc, Barrier};

use insist_flaky::{Answer, Ending, Script, Server};
use insist_ureq::Insist;
use insist_ureq::insisting::{Policy, Report};

use crate::{LONG, agent, ms};

const POLICY: Policy = Policy::zero().lanes(3).attempts(3).hedge_after(ms(0));

/// A replica that answers that long after all three have been asked.
fn replica(delay: u64, asked: &Arc<Barrier>) -> Server {
    let asked = Arc::clone(asked);
    Server::start(Script::each(move |_, number| {
        if number == 1 {
            asked.wait();
        }
        Answer::ok(delay.to_string()).after(ms(delay))
    }))
    .unwrap()
}

/// Whether the fastest won, and before any other had answered.
fn race() -> bool {
    let asked = Arc::new(Barrier::new(3));
    let servers = [200, 18, 60].map(|delay| replica(delay, &asked));
    let replicas = servers.each_ref().map(Server::url);
    let answer = agent(POLICY).get(&replicas[0]).replicas(&replicas).with_report().call().unwrap();
    let answered = servers.each_ref().map(|server| server.requests()[0].ending == Ending::Answered);
    let report = answer.extensions().get::<Report>().unwrap();
    assert_eq!((report.attempts, report.retries, report.hedges), (3, 0, 2));
    if answered != [false, true, false] || report.winner.unwrap().attempt != 2 {
        return false;
    }
    assert_eq!(crate::text(answer), "18");
    for loser in [&servers[0], &servers[2]] {
        // An answer that was on its way meanwhile was not given up in time.
        if !loser.wait_until(|seen| seen.requests()[0].ending != Ending::Open, LONG) || loser.disconnects() != 1 {
            return false;
        }
    }
    true
}

#[test]
fn the_replica_that_answers_after_18_ms_wins_before_the_others_have_answered_and_both_are_disconnected() {
    // A machine that stands still for 40 ms spoils a round, but not ten.
    assert!((0..10).any(|_| race()));
}
