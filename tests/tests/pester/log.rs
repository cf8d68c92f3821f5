//! The log is a call's own, bounded, and its lines say what the documentation says.

use std::sync::{Arc, Mutex};

use insist_blocking::{Jitter, VirtualClock, retry};
use insist_flaky::{Answer, Server};
use insist_ureq::Insist;
use insist_ureq::insisting::{Action, Decision, Event, Policy, ReportSlot};

use crate::{agent, ms};

// P13: the log grew with every call of a client.
#[test]
fn a_log_is_bounded_and_of_one_call() {
    let server = Server::start(Answer::status(503)).unwrap();
    let slot = ReportSlot::new();
    let agent = agent(Policy::zero().attempts(100)).report_to(&slot);
    for _ in 0..2 {
        agent.get(server.url()).call().unwrap_err();
        let log = slot.take().unwrap().log;
        assert_eq!((log.entries().len(), log.dropped()), (64, 36));
        assert!(log.entries().iter().map(|entry| entry.attempt).eq(1..=64));
    }
}

// P13: whoever kept the log was not shown its entries.
#[test]
fn a_hook_sees_every_decision_beside_the_log() {
    let server = Server::start([Answer::status(503), Answer::reset(), Answer::ok("hello")]).unwrap();
    let (slot, sent) = (ReportSlot::new(), Arc::new(Mutex::new(Vec::new())));
    let noted = Arc::clone(&sent);
    let hook = move |event: &Event<'_, _, _>| {
        if let Decision::Action(Action::Send(attempt)) = event.decision {
            noted.lock().unwrap().push((attempt.id, event.at));
        }
    };
    agent(Policy::zero()).get(server.url()).notify(hook).report_to(&slot).call().unwrap();
    let log = slot.take().unwrap().log;
    let logged: Vec<_> = log.entries().iter().map(|entry| (entry.attempt, entry.sent)).collect();
    assert_eq!((logged.len(), &logged), (3, &*sent.lock().unwrap()));
}

// P16: pester's README counted the retries of its lines from 0, its code from 1.
#[test]
fn a_line_of_the_log_is_as_documented() {
    let policy = Policy::constant(ms(100)).jitter(Jitter::None);
    let clock = VirtualClock::new();
    let (_, report) = retry(&policy, |attempt| {
        clock.advance(ms(18));
        if attempt.id == 1 { Err("connection reset") } else { Ok(200) }
    })
    .clock(&clock)
    .report_with(|outcome| outcome.map_or_else(str::to_owned, |status| format!("status {status}")));
    assert_eq!(
        report.log.to_string(),
        "attempt 1 (first in lane 0): sent at 0ns, ended at 18ms: retry (connection reset)\n\
         attempt 2 (retry in lane 0): sent at 118ms, ended at 136ms: accept (status 200)\n"
    );
}
