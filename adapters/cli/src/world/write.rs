//! Writes what was inferred as a world file.

use std::fmt::Write;
use std::time::Duration;

use insist_core::duration::Text;

use super::infer::{Incident, Trouble, Window};
use super::records::Records;

/// The most calls that are written one by one.
const GIVEN: usize = 20_000;
/// The quantiles of the answers, in percent.
const QUANTILES: [f64; 11] = [0.0, 1.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0];

/// Writes the file.
pub(super) fn toml(records: &Records, incident: &Incident) -> String {
    let mut text = String::new();
    head(&mut text, records, incident);
    let _ = writeln!(text, "lasting = \"{}\"", span(incident.lasting));
    let _ = writeln!(text, "# Of more load than this nothing is known, so simulate refuses a policy that sends more.");
    let _ = writeln!(text, "seen_per_second = {}\n", incident.most_per_second);
    clients(&mut text, incident);
    servers(&mut text, records, incident);
    incident.windows.iter().for_each(|window| trouble(&mut text, records, window));
    text
}

fn head(text: &mut String, records: &Records, incident: &Incident) {
    let (calls, attempts, targets) = (incident.calls.len(), records.attempts.len(), records.targets.len());
    let plural = if targets == 1 { "" } else { "s" };
    let _ = writeln!(
        text,
        "# Inferred from {}: {calls} calls, {attempts} attempts, {targets} target{plural}; {} seconds, {} of them without data.",
        records.kinds.join(", "),
        incident.seconds,
        incident.empty_seconds
    );
    if !records.knows_calls {
        let _ = writeln!(text, "# An access log does not say which requests are retries, so each counts as a call.");
    }
    for (index, target) in records.targets.iter().enumerate() {
        let name: String = target.chars().map(|one| if one.is_control() { '?' } else { one }).take(100).collect();
        let _ = writeln!(text, "# Replica {index} is {name}.");
    }
    let _ = writeln!(text, "\nabout = \"Inferred from {}\"", records.kinds.join(", "));
}

fn clients(text: &mut String, incident: &Incident) {
    let _ = writeln!(text, "[clients]");
    if incident.calls.len() > GIVEN {
        let per_second = incident.calls.len() as f64 / (incident.lasting as f64 / 1e9);
        let _ = writeln!(text, "arrivals = \"poisson\"\nper_second = {per_second:.3}\n");
        return;
    }
    let _ = write!(text, "arrivals = \"given\"\nat = [");
    for (index, call) in incident.calls.iter().enumerate() {
        let _ = write!(text, "{}\"{}\"", if index == 0 { "" } else { ", " }, span(*call));
    }
    let _ = writeln!(text, "]\n");
}

fn servers(text: &mut String, records: &Records, incident: &Incident) {
    let _ = writeln!(text, "[servers]");
    let last = incident.healthy.len() - 1;
    let quantiles = QUANTILES.map(|percent| {
        let took = incident.healthy[(last as f64 * percent / 100.0).round() as usize];
        format!("\"p{percent}\" = \"{}\"", span(took))
    });
    let _ = writeln!(text, "service = {{ {} }}", quantiles.join(", "));
    let _ = writeln!(text, "replicas = {}", records.targets.len());
    let _ = writeln!(text, "# Nothing shows how many they can do at once, so that is not what limits them here.");
    let _ = writeln!(text, "workers = 1000000");
}

fn trouble(text: &mut String, records: &Records, window: &Window) {
    let _ = writeln!(text, "\n[[incidents]]");
    let _ = match window.trouble {
        Trouble::Fail { status, after } => {
            writeln!(text, "kind = \"fail\"\nstatus = {status}\nafter = \"{}\"", span(after))
        }
        Trouble::Reset { after } => writeln!(text, "kind = \"reset\"\nafter = \"{}\"", span(after)),
        Trouble::Hang => writeln!(text, "kind = \"hang\""),
        Trouble::Slow { factor } => writeln!(text, "kind = \"slow\"\nfactor = {factor:.3}"),
    };
    let _ = writeln!(
        text,
        "from = \"{}\"\nuntil = \"{}\"\nshare = {:.4}",
        span(window.from),
        span(window.until),
        window.share
    );
    if let Some(target) = window.target.filter(|_| records.targets.len() > 1) {
        let _ = writeln!(text, "replica = {target}");
    }
}

/// Writes nanoseconds to the microsecond.
fn span(nanos: u64) -> Text {
    let rounded = if nanos < 1_000 { nanos } else { nanos / 1_000 * 1_000 };
    Text(Duration::from_nanos(rounded))
}
