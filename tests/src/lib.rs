//! What crosses insist's crates: the laws, golden timelines, and what it takes to test them.
//!
//! [`world::run`] drives one call as a [`plan::Plan`] says, however odd, against a gate that answers by a script, and
//! gives a [`record::Record`] of everything that happened. [`model`] is the machine a second time, written from the laws,
//! and has to agree step by step; [`expected`] is the formula of every delay a second time. [`random`] makes plans for
//! property tests, which [`property`] runs, and [`by_hand`] has short words for what a call driven by hand says.
//!
//! [`event_loop`] is a driver as a user would write one: many calls on one thread, in virtual time. [`words`] are the
//! short ones that tests share, from `ms` to `script` and `alone`.
//!
//! `tests/README.md` says which question each test program answers, and where another test belongs.

#![forbid(unsafe_code)]

/// The examples of the READMEs are tested with the documentation's. That of `insist-ureq` renames the crate, as do the
/// programs in `tests/consumers`.
#[cfg(doctest)]
mod readmes {
    macro_rules! readmes {
        ($($name:ident: $file:literal,)*) => {
            $(#[doc = include_str!(concat!("../../", $file))] struct $name;)*
        };
    }

    readmes! {
        Repository: "README.md",
        Core: "core/README.md",
        Insist: "adapters/insist/README.md",
        Blocking: "adapters/blocking/README.md",
        Futures: "adapters/futures/README.md",
        Tokio: "adapters/tokio/README.md",
        Smol: "adapters/smol/README.md",
        Http: "adapters/http/README.md",
        Tracing: "adapters/tracing/README.md",
        Metrics: "adapters/metrics/README.md",
        Sim: "adapters/sim/README.md",
        Cli: "adapters/cli/README.md",
        Flaky: "tests/flaky/README.md",
    }
}

pub mod by_hand;
pub mod difference;
pub mod event_loop;
pub mod expected;
pub mod fuzz;
pub mod gate;
pub mod model;
pub mod plan;
pub mod property;
#[cfg(target_os = "linux")]
pub mod proxy;
pub mod random;
pub mod record;
pub mod words;
pub mod world;
