//! The threads that calls of insist-ureq start, besides those of their callers.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;
use std::{fs, thread};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::insisting::Policy;
use insist_ureq::{Agent, Insist};

use crate::table::{Row, Table, UREQ};

const CALLS: usize = 100;
const RACES: usize = 300;
const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn measure(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let limited = Policy::default().attempt_timeout(MINUTE).deadline(MINUTE);
    let one_lane = most_of_calls(limited)?;
    let hedged = most_of_calls(limited.lanes(2).hedge_after(MINUTE))?;
    let races = most_of_races()?;
    let mut row = |what: String, most, figure: usize| {
        table.push(Row::new(what).at_most(UREQ, most).with(UREQ, figure as f64));
    };
    row(format!("threads of {CALLS} calls with one lane and both limits"), 0.0, one_lane);
    row(format!("threads of {CALLS} calls with a hedge that is never sent: the timer"), 1.0, hedged);
    row(format!("threads of {RACES} concurrent races of three, besides their callers'"), 610.0, races);
    Ok(())
}

/// Returns how many threads of the process are those that calls start.
fn started() -> usize {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("insist-")).count()
}

fn most_of_calls(policy: Policy) -> Result<usize, Box<dyn Error>> {
    let most = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&most);
    let server = Server::start(Script::each(move |_, _| {
        counts.fetch_max(started(), Ordering::SeqCst);
        Answer::ok("hello")
    }))?;
    let agent = Agent::new_with_defaults().policy(policy);
    for _ in 0..CALLS {
        agent.get(server.url()).call()?.body_mut().read_to_vec()?;
    }
    Ok(most.load(Ordering::SeqCst))
}

fn most_of_races() -> Result<usize, Box<dyn Error>> {
    let (all, most) = (Barrier::new(3 * RACES), Arc::new(AtomicUsize::new(0)));
    let counts = Arc::clone(&most);
    let server = Server::start(Script::each(move |_, _| {
        // Nobody is answered before all are here and are counted.
        if all.wait().is_leader() {
            counts.store(started(), Ordering::SeqCst);
        }
        all.wait();
        Answer::ok("hello")
    }))?;
    let agent = Agent::new_with_defaults().policy(Policy::zero().lanes(3).attempts(3));
    let url = server.url();
    thread::scope(|scope| {
        for _ in 0..RACES {
            scope.spawn(|| agent.get(&url).call().expect("the server answers").body_mut().read_to_vec().map(drop));
        }
    });
    Ok(most.load(Ordering::SeqCst))
}
