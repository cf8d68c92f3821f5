//! Sizes: of the core's types, and of a call as a future.

use std::mem::size_of;

use insist_benches::tokio;
use insist_core::{Action, Attempt, Call, Event, Policy, State, Verdict};

use crate::table::{CORE, Row, TOKIO_BORROWED, TOKIO_CONSTANT, Table};

pub(crate) fn measure(table: &mut Table) {
    let mut size = |what: &str, bytes: usize, target: Option<f64>| {
        let row = Row::new(format!("bytes: {what}")).with(CORE, bytes as f64);
        table.push(match target {
            Some(target) => row.at_most(CORE, target),
            None => row,
        });
    };
    size("`Call`, 1 lane", size_of::<Call<&Policy, &()>>(), Some(112.0));
    size("`Call`, 3 lanes", size_of::<Call<&Policy, &(), 3>>(), None);
    size("`State`, 1 lane", size_of::<State>(), Some(96.0));
    size("`Action`", size_of::<Action>(), Some(24.0));
    size("`Attempt`", size_of::<Attempt>(), None);
    size("`Verdict`", size_of::<Verdict>(), None);
    size("`Event`", size_of::<Event<'_, (), ()>>(), None);
    size("`Policy`", size_of::<Policy>(), None);
}

/// Of a call on tokio with one lane and an operation whose state takes 8 bytes.
pub(crate) fn futures(table: &mut Table) {
    let mut row = Row::new("bytes: the future of a call");
    row = row.at_most(TOKIO_CONSTANT, 224.0).at_most(TOKIO_BORROWED, 224.0);
    for (name, bytes) in tokio::sizes() {
        row.cell(name, bytes as f64);
    }
    table.push(row);
}
