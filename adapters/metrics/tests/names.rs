//! The names, kinds, units and descriptions of all metrics, and what an exporter makes of them.

#[path = "include/by_hand.rs"]
mod by_hand;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use by_hand::{End, at, drive, ms, run};
use insist_core::{
    AdaptiveRate, AdaptiveThrottle, AimdLimit, Breaker, Budget, Bulkhead, Call, GradientLimit, Latencies, Pause,
    Policy, RateLimit, RetryQuota, RetryShare, Verdict,
};
use insist_metrics::{Metrics, RecordState, describe};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusBuilder;

/// The kind of a metric, and its name.
type Name = (&'static str, String);

/// Notes what is described, with units and texts, and what is registered.
#[derive(Default)]
struct Notes {
    described: Mutex<BTreeMap<Name, (Option<Unit>, String)>>,
    registered: Mutex<BTreeSet<Name>>,
}

impl Notes {
    fn describe(&self, kind: &'static str, key: &KeyName, unit: Option<Unit>, text: &SharedString) {
        let name = key.as_str().to_owned();
        let before = self.described.lock().unwrap().insert((kind, name), (unit, text.to_string()));
        assert_eq!(before, None, "{} is described twice", key.as_str());
    }

    fn register(&self, kind: &'static str, key: &Key) {
        self.registered.lock().unwrap().insert((kind, key.name().to_owned()));
    }
}

impl Recorder for Notes {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe("counter", &key, unit, &text);
    }
    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe("gauge", &key, unit, &text);
    }
    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe("histogram", &key, unit, &text);
    }
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.register("counter", key);
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.register("gauge", key);
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.register("histogram", key);
        Histogram::noop()
    }
}

/// Records each metric at least once.
fn record_everything() {
    let verdict = |id| if id < 2 { Verdict::retry() } else { Verdict::Accept };
    drive(Policy::constant(ms(1000)), Bulkhead::new(1), Metrics::new(), verdict);
    drive(Policy::zero(), Bulkhead::new(0), Metrics::new(), verdict);
    let gates = (Breaker::new(0.5), Budget::new(0.1), Bulkhead::new(1), RateLimit::new(1, ms(1)));
    gates.record_state("shop", at(0));
    (RetryQuota::new(1), AdaptiveThrottle::new(2.0), Latencies::new()).record_state("shop", at(0));
    (RetryShare::new(0.2), AimdLimit::new(1, 9), GradientLimit::new(1, 9)).record_state("shop", at(0));
    (AdaptiveRate::new(), Pause::new()).record_state("shop", at(0));
}

#[test]
fn what_is_described_is_what_is_recorded() {
    let notes = Arc::new(Notes::default());
    metrics::with_local_recorder(&notes, || {
        describe();
        record_everything();
    });
    let described: Vec<_> = notes.described.lock().unwrap().keys().cloned().collect();
    let registered: Vec<_> = notes.registered.lock().unwrap().iter().cloned().collect();
    assert_eq!(described.len(), 33);
    assert_eq!(described, registered);
}

#[test]
fn names_end_as_their_kinds_and_units_ask_for_and_descriptions_are_sentences() {
    let notes = Arc::new(Notes::default());
    metrics::with_local_recorder(&notes, describe);
    for ((kind, name), (unit, text)) in notes.described.lock().unwrap().iter() {
        assert!(name.starts_with("insist_"), "{name}");
        assert_eq!(*kind == "counter", name.ends_with("_total"), "{name}");
        assert_eq!(*unit == Some(Unit::Seconds), name.ends_with("_seconds"), "{name}");
        assert!(text.starts_with(char::is_alphanumeric) && text.ends_with('.'), "{name}: {text}");
    }
}

/// Returns what a page for Prometheus shows of one metric.
fn page(builder: PrometheusBuilder, metric: &str) -> Vec<String> {
    let recorder = builder.build_recorder();
    metrics::with_local_recorder(&recorder, || {
        describe();
        let call = Call::new(Policy::constant(ms(500)), (), at(0), 7);
        let end = |id| if id < 3 { Verdict::retry() } else { Verdict::Accept };
        run(call, Metrics::named("price"), |attempt| End::After(ms(250), end(attempt.id)), None);
    });
    let text = recorder.handle().render();
    let mut lines: Vec<_> = text.lines().filter(|line| line.contains(metric)).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn prometheus_shows_the_names_as_they_are() {
    let counter = [
        "# HELP insist_attempts_total Attempts that have ended, by kind and by end.",
        "# TYPE insist_attempts_total counter",
        "insist_attempts_total{call=\"price\",kind=\"first\",end=\"retry\"} 1",
        "insist_attempts_total{call=\"price\",kind=\"retry\",end=\"accept\"} 1",
        "insist_attempts_total{call=\"price\",kind=\"retry\",end=\"retry\"} 1",
    ];
    assert_eq!(page(PrometheusBuilder::new(), "insist_attempts_total"), counter);
    // An exporter that adds units and `_total` by itself adds nothing.
    assert_eq!(page(PrometheusBuilder::new().with_recommended_naming(true), "insist_attempts_total"), counter);
}

#[test]
fn prometheus_shows_durations_in_seconds() {
    let builder = PrometheusBuilder::new().with_recommended_naming(true).set_buckets(&[1.0, 2.0]).unwrap();
    assert_eq!(
        page(builder, "insist_call_duration_seconds"),
        [
            "# HELP insist_call_duration_seconds Time from the start of a call to its end.",
            "# TYPE insist_call_duration_seconds histogram",
            "insist_call_duration_seconds_bucket{call=\"price\",result=\"returned\",le=\"+Inf\"} 1",
            "insist_call_duration_seconds_bucket{call=\"price\",result=\"returned\",le=\"1\"} 0",
            "insist_call_duration_seconds_bucket{call=\"price\",result=\"returned\",le=\"2\"} 1",
            "insist_call_duration_seconds_count{call=\"price\",result=\"returned\"} 1",
            "insist_call_duration_seconds_sum{call=\"price\",result=\"returned\"} 1.75",
        ]
    );
}
