//! What a recorder has of the metrics of calls. Test programs include this file by its path: a crate of it would switch
//! on feature `metrics` for all of them.

#![allow(dead_code, reason = "each program has use for some of it")]

use metrics_util::debugging::{DebugValue, DebuggingRecorder};

/// Returns what is recorded on this thread while something runs: one line for each metric and its labels, sorted,
/// without the prefix `insist_`. A histogram has its values in the order in which they came.
pub(crate) fn recorded(run: impl FnOnce()) -> Vec<String> {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, run);
    let metrics = recorder.snapshotter().snapshot().into_vec();
    let mut lines: Vec<String> = metrics.into_iter().map(|(key, _, _, value)| line(key.key(), &value)).collect();
    lines.sort();
    lines
}

/// Returns what the lines that begin with this say after it.
pub(crate) fn of<'l>(lines: &'l [String], prefix: &str) -> Vec<&'l str> {
    lines.iter().filter_map(|line| line.strip_prefix(prefix)).map(str::trim_start).collect()
}

fn line(key: &metrics::Key, value: &DebugValue) -> String {
    let name = key.name().strip_prefix("insist_").expect("every name begins with insist_");
    let labels: Vec<_> = key.labels().map(|label| format!("{}={:?}", label.key(), label.value())).collect();
    let value = match value {
        DebugValue::Counter(count) => count.to_string(),
        DebugValue::Gauge(value) => value.to_string(),
        DebugValue::Histogram(values) => values.iter().map(|value| format!("{value}s")).collect::<Vec<_>>().join(" "),
    };
    if labels.is_empty() { format!("{name} {value}") } else { format!("{name} {} {value}", labels.join(" ")) }
}
