//! Races: who wins, what becomes of losers, and the figure to beat.

use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use insist_blocking::race;
use insist_core::{Jitter, Policy, Verdict, play};
use insist_flaky::{Answer, Ending, Script, Server};
use insist_futures::VirtualTimer;
use insist_tests::words::{LONG, SECOND, ms, secs};
use insist_ureq::insisting::{Action, Report, ReportSlot, Rules};
use insist_ureq::{Error, Insist};

use super::{agent, text, together};

const RACE: Policy = Policy::zero().lanes(2).attempts(2);

fn replicas(server: &Server, paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| server.at(path)).collect()
}

/// Fault P5.
#[test]
fn a_failure_at_once_does_not_beat_a_success_that_comes_later() {
    for failure in [Answer::status(500), Answer::reset(), Answer::close()] {
        let answers = Script::paths().path("/down", failure).path("/slow", Answer::ok("slow").after(ms(60)));
        let server = Server::start(answers).unwrap();
        let replicas = replicas(&server, &["/down", "/slow"]);
        let answer = agent(RACE).get(&replicas[0]).replicas(&replicas).call().unwrap();
        assert_eq!(text(answer), "slow");
    }
}

/// Fault P6.
#[test]
fn a_404_that_is_to_be_retried_does_not_beat_a_later_200() {
    let answers =
        Script::paths().path("/behind", Answer::status(404)).path("/current", Answer::ok("doc").after(ms(60)));
    let server = Server::start(answers).unwrap();
    let replicas = replicas(&server, &["/behind", "/current"]);
    let eventually = Rules::new().retry_status(404);
    let answer = agent(RACE).get(&replicas[0]).replicas(&replicas).rules(eventually).call().unwrap();
    assert_eq!(text(answer), "doc");
}

/// Fault P6: on purpose, a status that is not to be retried is the result. Who asks for what is not there wants to know
/// soon.
#[test]
fn a_404_that_is_not_to_be_retried_ends_the_race() {
    let server = Server::start(together(2, |path| match path {
        "/behind" => Answer::status(404),
        _ => Answer::never(),
    }))
    .unwrap();
    let replicas = replicas(&server, &["/behind", "/never"]);
    let result = agent(RACE).get(&replicas[0]).replicas(&replicas).call();
    assert!(matches!(result, Err(Error::StatusCode(404))), "{result:?}");
    assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG));
}

/// Fault P7.
#[test]
fn the_losers_of_a_race_are_disconnected() {
    let server = Server::start(together(4, |path| match path {
        "/3" => Answer::ok("won"),
        _ => Answer::never(),
    }))
    .unwrap();
    let replicas = replicas(&server, &["/1", "/2", "/3", "/4"]);
    let answer = agent(RACE.lanes(4).attempts(4)).get(&replicas[0]).replicas(&replicas).call().unwrap();
    assert_eq!(text(answer), "won");
    assert!(server.wait_until(|seen| seen.disconnects() == 3, LONG));
    let left: Vec<_> = server.requests().into_iter().filter(|seen| seen.ending == Ending::Left).collect();
    assert!(left.len() == 3 && left.iter().all(|seen| seen.path != "/3"), "{left:?}");
}

/// Fault P7.
#[test]
fn a_closure_that_loses_is_told() {
    let policy = Policy::zero().lanes(4).attempts(4);
    let (tells, hears) = channel();
    let all_there = Arc::new(Barrier::new(4));
    let won = race(&policy, move |attempt| {
        all_there.wait();
        if attempt.id == 3 {
            return Ok("won");
        }
        let (wakes, sleeps) = channel();
        attempt.on_cancel(move || wakes.send(()).unwrap());
        sleeps.recv_timeout(LONG).map_err(|_| "was not told")?;
        tells.send(attempt.id).unwrap();
        Err("lost")
    });
    assert_eq!(won.try_call().unwrap(), "won");
    let mut told: Vec<_> = (0..3).map(|_| hears.recv_timeout(LONG).unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, [1, 2, 4]);
}

/// Fault P8.
#[test]
fn a_loser_that_waits_in_its_backoff_sends_nothing_after_the_win() {
    const BACKOFF: u64 = 400;
    let server = Server::start(together(2, |path| match path {
        "/down" => Answer::status(503),
        _ => Answer::ok("won").after(ms(20)),
    }))
    .unwrap();
    let replicas = replicas(&server, &["/down", "/ok"]);
    let slot = ReportSlot::new();
    let policy = Policy::constant(ms(BACKOFF)).jitter(Jitter::None).lanes(2).attempts(10);
    let answer = agent(policy).get(&replicas[0]).replicas(&replicas).report_to(&slot).call().unwrap();
    let report = slot.take().unwrap();
    assert_eq!(report.attempts, 2);
    assert_eq!(report.winner.unwrap().attempt, 2);
    assert_eq!(report.log.entries()[0].end.unwrap().as_str(), "retry", "the other was in its backoff");
    thread::sleep(ms(BACKOFF + 100));
    assert_eq!(server.request_count(), 2);
    assert_eq!(text(answer).as_str(), "won");
}

/// Fault P17.
#[test]
fn hedges_wait_for_the_hedge_delay_and_attempts_bounds_all_sends() {
    let policy = Policy::constant(ms(10)).jitter(Jitter::None).lanes(3).attempts(4).hedge_after(ms(50));
    let sends = |script| -> Vec<_> {
        let timeline = play(&policy, 7, &script);
        let sends = timeline.steps.iter().filter(|step| matches!(step.action, Action::Send(_)));
        sends.map(|step| step.at.as_nanos() / 1_000_000).collect()
    };
    let ends = |script: insist_core::Script, attempt| script.outcome(attempt, ms(120), Verdict::retry());
    assert_eq!(sends((1..=4).fold(insist_core::Script::new(), ends)), [0, 50, 100, 130]);
    assert_eq!(sends(insist_core::Script::new().outcome(1, ms(49), Verdict::Accept)), [0], "no hedge");
}

/// Fault P17: pester sent all at once, and as many as lanes times attempts.
#[test]
fn a_call_whose_first_attempt_answers_in_time_sends_no_hedge() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let policy = Policy::zero().lanes(3).attempts(3).hedge_after(LONG);
    assert_eq!(text(agent(policy).get(server.url()).call().unwrap()), "hello");
    assert_eq!(server.request_count(), 1);

    let server = Server::start(Answer::status(503)).unwrap();
    agent(policy.hedge_after(ms(0))).get(server.url()).call().unwrap_err();
    assert_eq!(server.request_count(), 3, "attempts is for all lanes together");
}

/// Fault sethgrid/pester #15: the goroutines of the losers stayed.
#[test]
fn what_the_attempts_of_a_race_hold_is_dropped_once_its_losers_have_ended() {
    let held = Arc::new(());
    let holds = Arc::clone(&held);
    let won = race(&RACE, move |attempt| {
        let _holds = &holds;
        if attempt.lane == 1 {
            return Ok("won");
        }
        let (wakes, sleeps) = channel();
        attempt.on_cancel(move || wakes.send(()).unwrap());
        sleeps.recv_timeout(LONG).map_err(|_| "was not told")?;
        Err("lost")
    });
    assert_eq!(won.try_call().unwrap(), "won");
    let started = Instant::now();
    while Arc::strong_count(&held) > 1 {
        assert!(started.elapsed() < LONG);
        thread::sleep(ms(1));
    }
}

const THREE: Policy = Policy::zero().lanes(3).attempts(3).hedge_after(ms(0));

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

/// Returns whether the fastest won, and before any other had answered.
fn the_fastest_wins() -> bool {
    let asked = Arc::new(Barrier::new(3));
    let servers = [200, 18, 60].map(|delay| replica(delay, &asked));
    let replicas = servers.each_ref().map(Server::url);
    let answer = agent(THREE).get(&replicas[0]).replicas(&replicas).with_report().call().unwrap();
    let answered = servers.each_ref().map(|server| server.requests()[0].ending == Ending::Answered);
    let report = answer.extensions().get::<Report>().unwrap();
    assert_eq!(report.attempts, 3);
    assert_eq!(report.retries, 0);
    assert_eq!(report.hedges, 2);
    if answered != [false, true, false] || report.winner.unwrap().attempt != 2 {
        return false;
    }
    assert_eq!(text(answer), "18");
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
    assert!((0..10).any(|_| the_fastest_wins()));
}

/// Fault P7, P8: the losers ran on, and those in their backoff came back.
#[test]
fn the_futures_of_losers_are_dropped_when_the_winner_is_there() {
    struct InFlight<'a>(&'a Cell<u32>);
    impl Drop for InFlight<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let (timer, in_flight, sends) = (VirtualTimer::new(), Cell::new(0), Cell::new(0));
    let policy = Policy::constant(SECOND).jitter(Jitter::None).lanes(4).attempts(40);
    let call = insist_futures::race(timer.clone(), &policy, |attempt| {
        in_flight.set(in_flight.get() + 1);
        sends.set(sends.get() + 1);
        let (here, timer) = (InFlight(&in_flight), timer.clone());
        async move {
            let _here = here;
            match attempt.id {
                1 => Err("in its backoff by then"),
                3 => {
                    timer.sleep(ms(20)).await;
                    Ok("won")
                }
                _ => pending().await,
            }
        }
    });
    let mut call = pin!(call.call());
    assert_eq!(timer.block_on(call.as_mut()), Ok("won"));
    assert_eq!(in_flight.get(), 0, "while the call's future is still there");
    assert_eq!(sends.get(), 4, "while the call's future is still there");
    timer.block_on(timer.sleep(secs(10)));
    assert_eq!(sends.get(), 4);
}
