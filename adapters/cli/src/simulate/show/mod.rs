//! Shows what came of the policies: as text, as a picture, as a page.

pub(super) mod chart;
pub(super) mod html;
pub(super) mod svg;
pub(super) mod table;
pub(super) mod trade_off;

use std::time::Duration;

use insist_sim::{Figure, Summary, World};

use super::world::NamedWorld;
use crate::span::Rounded;

/// The columns of a table, with what each says.
pub(super) const COLUMNS: [(&str, &str); 9] = [
    ("success", "share of the calls that succeeded"),
    ("p50", "half of the successful calls took at most this"),
    ("p99", "99 % of the successful calls took at most this; it falls when all else fails"),
    ("p99 of all", "the same of all calls, those that failed included"),
    ("sends", "sends for each call, in the mean"),
    ("peak", "most sends of a second, for each call that a second has in the mean"),
    ("recovers", "time after the last trouble until every second is as good as before the first, to 95 %"),
    ("refused", "share of the calls that a gate refused"),
    ("goodput", "calls a second that succeeded"),
];

/// Returns the cells of a row.
pub(super) fn cells(summary: &Summary) -> [String; COLUMNS.len()] {
    let time = |figure: Option<Figure>| figure.map_or("-".into(), |figure| span(figure.mean));
    let refused = summary.figure(|outcome| outcome.refused() as f64 / outcome.calls.max(1) as f64).mean;
    [
        percent(summary.success()),
        time(summary.success_time(0.5)),
        time(summary.success_time(0.99)),
        time(summary.time(0.99)),
        format!("{:.2}", summary.sends_per_call().mean),
        format!("{:.2}", summary.peak().mean),
        recovery(summary),
        if refused > 0.0 { format!("{:.1} %", refused * 100.0) } else { "-".into() },
        format!("{:.0}/s", summary.figure(insist_sim::Outcome::goodput).mean),
    ]
}

/// Writes a share with its spread, if that can be seen: `88.2 ± 0.4 %`.
fn percent(figure: Figure) -> String {
    let (mean, spread) = (figure.mean * 100.0, figure.spread * 100.0);
    let digits = if mean > 99.0 { 2 } else { 1 };
    if spread < 0.05 { format!("{mean:.digits$} %") } else { format!("{mean:.digits$} ± {spread:.1} %") }
}

pub(super) fn recovery(summary: &Summary) -> String {
    summary.recovers().map_or("not in the run".into(), |figure| {
        if figure.mean < 0.5 { "at once".into() } else { format!("{:.0} s", figure.mean) }
    })
}

pub(super) fn span(seconds: f64) -> String {
    Rounded(Duration::from_secs_f64(seconds.max(0.0))).to_string()
}

/// Returns what is to be known about a world beside its table.
pub(super) fn facts(world: &NamedWorld) -> String {
    let mut facts = Vec::new();
    if let (Some(calls), Some(room)) = (world.world.clients().per_second(), world.world.room()) {
        let capacity = world.world.servers().capacity();
        facts.push(format!("{calls} calls/s, and servers for {capacity:.0}/s: room for {room:.2} sends a call"));
    }
    facts.push(troubles(&world.world));
    if let Some(seconds) = world.world.expected_time() {
        facts.push(format!("by queueing theory an attempt takes {} in the mean when nothing is wrong", span(seconds)));
    }
    facts.retain(|fact| !fact.is_empty());
    facts.join("; ")
}

fn troubles(world: &World) -> String {
    let lasting = world.get_lasting();
    let troubles = world.troubles().into_iter().map(|(word, from, until)| {
        if until >= lasting {
            format!("{word} from {} on", Rounded(from))
        } else {
            format!("{word} from {} until {}", Rounded(from), Rounded(until))
        }
    });
    troubles.collect::<Vec<_>>().join(", ")
}

/// Writes why calls gave up: `attempts 12 %, refused 3 % (breaker is open)`.
pub(super) fn reasons(summary: &Summary) -> String {
    let calls: u64 = summary.outcomes().iter().map(|outcome| outcome.calls).sum();
    let mut counts = std::collections::BTreeMap::new();
    let mut refusals = std::collections::BTreeSet::new();
    for outcome in summary.outcomes() {
        for (reason, count) in &outcome.reasons {
            *counts.entry(*reason).or_insert(0) += count;
        }
        refusals.extend(outcome.refusals.keys().copied());
        *counts.entry("unfinished").or_insert(0) += outcome.unfinished;
    }
    let parts = counts.into_iter().filter(|(_, count)| *count > 0).map(|(reason, count)| {
        let share = 100.0 * count as f64 / calls.max(1) as f64;
        let said: Vec<&str> = refusals.iter().copied().collect();
        let said =
            if reason == "refused" && !said.is_empty() { format!(" ({})", said.join(", ")) } else { String::new() };
        format!("{reason} {share:.1} %{said}")
    });
    parts.collect::<Vec<_>>().join(", ")
}
