//! What a recorder has of the metrics of calls. Test programs include this file by its path: a crate of it would switch
//! on feature `metrics` for all of them.

#![allow(dead_code, reason = "each program has use for some of it")]

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

/// What is recorded on this thread while something runs: one line for each metric and its labels, sorted, without the
/// prefix `insist_`. A histogram has its values in the order in which they came.
pub(crate) fn recorded(run: impl FnOnce()) -> Vec<String> {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, run);
    lines(&recorder)
}

/// What a recorder has.
pub(crate) fn lines(recorder: &DebuggingRecorder) -> Vec<String> {
    let metrics = recorder.snapshotter().snapshot().into_vec();
    let mut lines: Vec<String> = metrics.into_iter().map(|(key, _, _, value)| line(key.key(), &value)).collect();
    lines.sort();
    lines
}

/// The lines that begin with this.
pub(crate) fn of<'l>(lines: &'l [String], prefix: &str) -> Vec<&'l str> {
    lines.iter().filter_map(|line| line.strip_prefix(prefix)).map(str::trim_start).collect()
}

/// The kind, name, unit and description of each metric that has a value.
pub(crate) fn described(recorder: &DebuggingRecorder) -> Vec<(MetricKind, String, Option<metrics::Unit>, bool)> {
    let metrics = recorder.snapshotter().snapshot().into_vec();
    metrics
        .into_iter()
        .map(|(key, unit, text, _)| (key.kind(), key.key().name().to_owned(), unit, text.is_some()))
        .collect()
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
