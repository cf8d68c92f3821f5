//! The scenes of the demonstration: what the replicas do, and the options of insist.

use std::time::Duration;

use insist_flaky::{Answer, Script};

/// A kind of trouble, and the options that help against it.
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// Options of `insist get`.
    pub(super) options: &'static str,
    /// A script for each replica.
    pub(super) replicas: fn() -> Vec<Script>,
}

pub(super) const SCENES: [Scene; 5] = [
    Scene {
        name: "slow replicas, raced",
        title: "Three replicas answer after 200, 18 and 60 ms: a race",
        options: "--lanes 3 --hedge-after 0",
        replicas: slow,
    },
    Scene {
        name: "slow replicas, hedged",
        title: "The same three: a hedge, which asks a second one only if the first is slow",
        options: "--lanes 2 --hedge-after 30ms",
        replicas: slow,
    },
    Scene {
        name: "busy server",
        title: "A server is busy: 503 twice, each with Retry-After: 1",
        options: "--base 20ms",
        replicas: busy,
    },
    Scene {
        name: "resetting replica",
        title: "A replica resets its connections, another does not",
        options: "--base 20ms",
        replicas: resetting,
    },
    Scene {
        name: "late replicas",
        title: "404 until the replicas have caught up",
        options: "--base 20ms --retry-status 404",
        replicas: catching_up,
    },
];

fn slow() -> Vec<Script> {
    [200, 18, 60].map(|after| Answer::ok("hello\n").after(Duration::from_millis(after)).into()).into()
}

fn busy() -> Vec<Script> {
    let busy = Answer::status(503).header("Retry-After", "1").body("busy\n");
    vec![[busy.clone(), busy, Answer::ok("hello\n")].into()]
}

fn resetting() -> Vec<Script> {
    vec![Answer::reset().into(), Answer::ok("hello\n").into()]
}

fn catching_up() -> Vec<Script> {
    let replica = || [Answer::status(404).body("what?\n"), Answer::ok("hello\n")].into();
    vec![replica(), replica()]
}
