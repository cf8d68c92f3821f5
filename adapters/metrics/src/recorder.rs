//! Tells whether a recorder is there to take what is counted.

use std::cell::Cell;

use metrics::{IntoF64, Key, Level, Metadata, Recorder, with_recorder};

use crate::names::CALL_DURATION;

/// Returns whether the current recorder may keep something.
///
/// The facade does not say whether a recorder is installed. The one that stands in for none has no size, and gives
/// handles that do nothing.
pub(crate) fn is_there() -> bool {
    with_recorder(|recorder| size_of_val(recorder) > 0 || has_handles(recorder))
}

/// The place of a recorder in memory, to tell one from another.
pub(crate) type Address = usize;

/// Returns the address of the current recorder.
pub(crate) fn current() -> Address {
    with_recorder(|recorder| std::ptr::from_ref(recorder).cast::<()>().addr())
}

/// Returns whether a handle of the recorder does something: only such a one converts the value that it is given.
fn has_handles(recorder: &dyn Recorder) -> bool {
    struct Asked<'a>(&'a Cell<bool>);

    impl IntoF64 for Asked<'_> {
        fn into_f64(self) -> f64 {
            self.0.set(true);
            0.0
        }
    }

    static KEY: Key = Key::from_static_name(CALL_DURATION);
    static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
    let asked = Cell::new(false);
    // Recorded no times.
    recorder.register_histogram(&KEY, &METADATA).record_many(Asked(&asked), 0);
    asked.get()
}

#[cfg(test)]
mod tests {
    use metrics::{Counter, Gauge, Histogram, HistogramFn, KeyName, NoopRecorder, SharedString, Unit};
    use metrics_util::debugging::DebuggingRecorder;

    use super::*;

    /// A recorder without a state, which prints, for example.
    struct Printer;

    struct Print;

    impl HistogramFn for Print {
        fn record(&self, _: f64) {
            panic!("nothing was to be recorded");
        }
    }

    impl Recorder for Printer {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            Counter::noop()
        }
        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(std::sync::Arc::new(Print))
        }
    }

    #[test]
    fn a_recorder_is_there_if_it_has_a_state_or_its_handles_do_something() {
        let is_there_in = |recorder: &dyn Recorder| metrics::with_local_recorder(recorder, is_there);
        assert!(!is_there());
        assert!(!is_there_in(&NoopRecorder));
        assert!(is_there_in(&Printer));
        assert!(is_there_in(&DebuggingRecorder::new()));
    }

    #[test]
    fn asking_leaves_nothing_in_a_recorder() {
        let recorder = DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, is_there);
        assert!(recorder.snapshotter().snapshot().into_vec().is_empty());
    }
}
