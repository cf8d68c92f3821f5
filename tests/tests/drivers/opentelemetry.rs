//! With the OpenTelemetry layer the exported trace is caller, call, attempt, client, in every driver, and what a client
//! propagates is its attempt's context.

use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{fmt, thread};

use insist_blocking::VirtualClock;
use insist_core::Policy;
use insist_futures::tower::Layer;
use insist_tests::words::ms;
use insist_tokio::TokioTimer;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanId, TracerProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tower::{Layer as _, ServiceExt, service_fn};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

const POLICY: Policy = Policy::constant(ms(1)).attempts(3);

/// Spans as they are exported, once they are closed.
struct Exported(Vec<SpanData>);

/// A line a span, for whoever reads why an assertion failed.
impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for span in &self.0 {
            let said = ["id", "end", "header"].map(|key| said(span, key).unwrap_or_default());
            writeln!(f, "{} {} in {}: {}", span.name, id_of(span), span.parent_span_id, said.join(" "))?;
        }
        Ok(())
    }
}

impl Exported {
    fn named(&self, name: &str) -> Vec<&SpanData> {
        self.0.iter().filter(|span| span.name == name).collect()
    }

    fn the(&self, name: &str) -> &SpanData {
        let spans = self.named(name);
        assert_eq!(spans.len(), 1, "spans {name}: {self:?}");
        spans[0]
    }

    fn attempt(&self, id: u32) -> &SpanData {
        let attempts = self.named("attempt");
        let is_that = |span: &&&SpanData| said(span, "id").as_deref() == Some(&*id.to_string());
        attempts.iter().find(is_that).unwrap_or_else(|| panic!("no attempt {id}: {self:?}"))
    }

    /// Page, call, attempt, request: each is the child of the one before, and each request carried its attempt.
    fn assert_nested(&self, sends: usize) {
        let (page, call) = (self.the("page"), self.the("price"));
        assert_eq!(page.parent_span_id, SpanId::INVALID);
        assert_eq!(call.parent_span_id, id_of(page), "{self:?}");
        assert_eq!(self.named("attempt").len(), sends, "{self:?}");
        assert_eq!(self.named("request").len(), sends, "{self:?}");
        for request in self.named("request") {
            let attempt = self.attempt(said(request, "attempt").unwrap().parse().unwrap());
            assert_eq!(attempt.parent_span_id, id_of(call), "{self:?}");
            assert_eq!(request.parent_span_id, id_of(attempt), "{self:?}");
            let propagated = format!("00-{}-{}-01", page.span_context.trace_id(), id_of(attempt));
            assert_eq!(said(request, "header").unwrap(), format!("{propagated} {propagated}"), "{self:?}");
        }
    }
}

fn id_of(span: &SpanData) -> SpanId {
    span.span_context.span_id()
}

/// Returns what a span says in a field.
fn said(span: &SpanData, key: &str) -> Option<String> {
    span.attributes.iter().find(|said| said.key.as_str() == key).map(|said| said.value.to_string())
}

/// Runs something in a span `page`, beside the spans that are exported meanwhile, and gives all of them.
fn exported(run: impl FnOnce(&InMemorySpanExporter)) -> Exported {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("insist"));
    let subscriber = tracing_subscriber::registry().with(LevelFilter::DEBUG).with(layer);
    tracing::subscriber::with_default(subscriber, || tracing::info_span!("page").in_scope(|| run(&exporter)));
    Exported(exporter.get_finished_spans().unwrap())
}

/// Returns what a client puts into the header `traceparent`: by the span that is current to tracing, and by the context
/// that is current to OpenTelemetry.
fn header() -> String {
    let inject = |context: &Context| {
        let mut headers = HashMap::new();
        TraceContextPropagator::new().inject_context(context, &mut headers);
        headers.remove("traceparent").unwrap_or_default()
    };
    format!("{} {}", inject(&Span::current().context()), inject(&Context::current()))
}

fn request(attempt: u32) -> Span {
    tracing::info_span!("request", attempt, header = header())
}

/// Two sends fail.
fn answer(attempt: u32) -> Result<u32, &'static str> {
    if attempt < 3 { Err("busy") } else { Ok(7) }
}

/// A client that waits before it opens its span, and in it.
async fn ask(attempt: u32, pause: Duration) -> Result<u32, &'static str> {
    let first = header();
    tokio::time::sleep(pause).await;
    assert_eq!(header(), first, "the context of the attempt's first poll is that of all others");
    let request = request(attempt);
    async {
        tokio::time::sleep(pause).await;
        answer(attempt)
    }
    .instrument(request)
    .await
}

/// Between the polls of a call the context is the caller's.
fn in_paused_time<F: Future>(future: impl FnOnce() -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let page = header();
    let output = runtime.block_on(async {
        let call = async { future().await };
        let mut call = std::pin::pin!(call);
        std::future::poll_fn(|context| {
            let polled = call.as_mut().poll(context);
            assert_eq!(header(), page);
            polled
        })
        .await
    });
    assert_eq!(header(), page);
    output
}

#[test]
fn on_the_callers_thread() {
    let spans = exported(|_| {
        let page = header();
        let call = insist_blocking::retry(POLICY, |attempt| request(attempt.id).in_scope(|| answer(attempt.id)));
        assert_eq!(call.clock(VirtualClock::new()).trace_as("price").call(), Ok(7));
        assert_eq!(header(), page);
    });
    spans.assert_nested(3);
    assert_eq!(said(spans.attempt(1), "end").as_deref(), Some("retry"));
    assert_eq!(said(spans.attempt(3), "end").as_deref(), Some("accept"));
    assert_eq!(said(spans.the("price"), "winner").as_deref(), Some("3"));
    let waits: Vec<_> = spans.the("price").events.iter().map(|event| event.name.as_ref()).collect();
    assert_eq!(waits, ["waits", "waits"]);
}

/// A loser's span is exported when its thread ends.
#[test]
fn on_threads() {
    let spans = exported(|exporter| {
        let both = Barrier::new(2);
        let call = insist_blocking::race(Policy::zero().lanes(2), move |attempt| {
            request(attempt.id).in_scope(|| {
                both.wait();
                while attempt.id == 1 && !attempt.is_cancelled() {
                    thread::sleep(ms(1));
                }
                Ok::<_, &str>(attempt.id)
            })
        });
        assert_eq!(call.trace_as("price").call(), Ok(2));
        while exporter.get_finished_spans().unwrap().iter().filter(|span| span.name == "attempt").count() < 2 {
            thread::sleep(ms(1));
        }
    });
    spans.assert_nested(2);
    assert_eq!(said(spans.attempt(1), "end").as_deref(), Some("lost"));
    assert_eq!(said(spans.attempt(2), "end").as_deref(), Some("accept"));
}

#[test]
fn on_tokio_one_after_the_other() {
    let spans = exported(|_| {
        let call = || insist_tokio::retry(POLICY, |attempt| ask(attempt.id, ms(1))).trace_as("price").call();
        assert_eq!(in_paused_time(call), Ok(7));
    });
    spans.assert_nested(3);
    assert_eq!(said(spans.the("price"), "attempts").as_deref(), Some("3"));
}

/// The attempts of a race are polled in turns, each in its own context.
#[test]
fn on_tokio_beside_each_other() {
    let policy = POLICY.attempts(4).lanes(2);
    let spans = exported(|_| {
        let call =
            || insist_tokio::race(policy, |attempt| ask(attempt.id, (attempt.id + 1) * ms(1))).trace_as("price").call();
        assert_eq!(in_paused_time(call), Ok(7));
    });
    spans.assert_nested(4);
    let ends: Vec<_> = (1..=4).map(|id| said(spans.attempt(id), "end").unwrap()).collect();
    assert_eq!(ends, ["retry", "retry", "accept", "lost"]);
}

#[test]
fn around_a_service_on_tokio() {
    let sends = AtomicU32::new(0);
    let spans = exported(|_| {
        let service = service_fn(|()| ask(1 + sends.fetch_add(1, Ordering::SeqCst), ms(1)));
        let layer = Layer::<TokioTimer>::retry(POLICY).trace_as("price");
        assert_eq!(in_paused_time(|| layer.layer(service).oneshot(())).unwrap(), 7);
    });
    spans.assert_nested(3);
}

#[test]
fn hedged_around_a_service_on_tokio() {
    let sends = AtomicU32::new(2);
    let spans = exported(|_| {
        let service = service_fn(|()| {
            let send = 1 + sends.fetch_add(1, Ordering::SeqCst);
            async move { ask(send - 2, 10 * ms(1)).await.or(Ok::<_, &str>(8)) }
        });
        let layer = Layer::<TokioTimer>::race(Policy::zero().lanes(2).hedge_after(5 * ms(1))).trace_as("price");
        assert_eq!(in_paused_time(|| layer.layer(service).oneshot(())).unwrap(), 8);
    });
    spans.assert_nested(2);
    assert_eq!(said(spans.attempt(2), "end").as_deref(), Some("lost"));
}

/// A call that is dropped before its end is exported, with what was in flight.
#[test]
fn a_dropped_call_says_so() {
    let spans = exported(|_| {
        let call = || insist_tokio::retry(POLICY, |attempt| ask(attempt.id, 2 * ms(1))).trace_as("price").call();
        assert!(in_paused_time(|| tokio::time::timeout(3 * ms(1), call())).is_err());
    });
    spans.assert_nested(1);
    assert_eq!(said(spans.attempt(1), "end").as_deref(), Some("cancelled"));
    assert_eq!(said(spans.the("price"), "reason").as_deref(), Some("cancelled"));
}

/// The reason of a call that gave up is in its span, and what it says then is an event of it.
#[test]
fn giving_up_is_told_in_the_calls_span() {
    let spans = exported(|_| {
        let call = insist_blocking::retry(POLICY.attempts(2), |attempt| request(attempt.id).in_scope(|| answer(1)));
        assert_eq!(call.clock(VirtualClock::new()).trace_as("price").call(), Err("busy"));
    });
    spans.assert_nested(2);
    let call = spans.the("price");
    assert_eq!(said(call, "reason").as_deref(), Some("attempts"));
    assert!(call.events.iter().any(|event| event.name == "gave up"), "{call:#?}");
}
