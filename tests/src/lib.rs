//! What crosses insist's crates: the laws, golden timelines, and what it takes to test them.
//!
//! [`world::run`] drives one call as a [`plan::Plan`] says, however odd, against a gate that answers by a script, and
//! gives a [`record::Record`] of everything that happened. Each of the [`laws`] reads a record and says where it is
//! broken; [`model`] is the machine a second time, written from the laws, and has to agree step by step;
//! [`expected`] is the formula of every delay a second time. [`random`] makes plans for property tests, which
//! [`property`] runs, and [`by_hand`] writes records that break a law, to show that its reader sees it.
//!
//! [`event_loop`] is a driver as a user would write one: many calls on one thread, in virtual time.
//! [`throttle`] holds the throttles of other systems, written as gates.
//!
//! - `tests/laws`: every law by its number: as a property, in a directed case, and with a record that breaks it.
//!   `INSIST_CASES=20` runs twenty times as many random calls, `INSIST_SEED=7` runs others.
//! - `tests/drivers`: one table of scenarios through every driver, and calls that are dropped at any point.
//! - `tests/model`: ten million steps of random calls beside the model; a [`difference`] is printed as a replay.
//! - `tests/resume`: states as bytes and JSON, what is overdue, what an operator changes, and the webhook example killed
//!   a hundred times.
//! - `tests/wire`: 10,000 calls of each client through the `proxy`, which resets, stalls, cuts and trickles by a seed.
//! - `tests/nginx.rs`: calls to a real nginx that is reloaded and restarted, where one is installed.
//! - `tests/fuzz.rs`: the bodies of the fuzz targets ([`fuzz`]) over the seeds in `fuzz/seeds` and what comes of them.
//! - `tests/golden`: whole timelines in text files. `INSIST_BLESS=1` writes them anew.

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
pub mod laws;
pub mod model;
pub mod plan;
pub mod property;
#[cfg(target_os = "linux")]
pub mod proxy;
pub mod random;
pub mod reading;
pub mod record;
pub mod sealed;
pub mod throttle;
pub mod world;
