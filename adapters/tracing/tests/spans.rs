//! What `tracing` shows of a call that a driver of one's own carries out: no more than the core and this hook.

#[path = "../../../tests/include/spans.rs"]
mod spans;

use std::fmt::{self, Formatter};
use std::time::Duration;

use insist_core::{
    Action, Bulkhead, Call, Decision, Event, Gate, Hook, Instant, Judge, Judged, Policy, Repeat, Terms, Verdict, during,
};
use insist_tracing::{ErrorText, Tracing};
use spans::printed_with_levels as printed;
use tracing::level_filters::LevelFilter;

const DEBUG: LevelFilter = LevelFilter::DEBUG;

/// Drives a call of one lane in virtual time, in which attempts take no time.
fn drive<J, D, G, T, E>(
    terms: Terms<Policy, J, Tracing<D>, G>,
    mut operation: impl FnMut(u32) -> Result<T, E>,
) -> Option<Result<T, E>>
where
    J: Judge<T, E>,
    D: ErrorText<E>,
    G: Gate,
{
    let Terms { policy, mut judge, mut hook, gate, .. } = terms;
    let mut now = Instant::ZERO;
    let mut call = Call::new(policy, gate, now, 7).repeat(Repeat::Always);
    let mut last = None;
    loop {
        let action = call.poll(now);
        hook.on_event(&Event::<T, E>::new(Instant::ZERO, now, Decision::Action(action)));
        match action {
            Action::Send(attempt) => {
                let outcome = during::<T, E, _, _>(&mut hook, attempt.id, || operation(attempt.id));
                let verdict = judge.judge(&outcome);
                let handled = call.handle(now, attempt.id, verdict);
                let judged = Judged::new(attempt.id, Some(&outcome), verdict, handled);
                hook.on_event(&Event::new(Instant::ZERO, now, Decision::Judged(judged)));
                last = Some(outcome);
            }
            Action::Wait { until, .. } => now = until.unwrap(),
            Action::Cancel { .. } => {}
            Action::Return(_) | Action::GiveUp(_) => return last,
        }
    }
}

fn second() -> Policy {
    Policy::constant(Duration::from_secs(1)).attempt_timeout(Duration::from_secs(9))
}

#[test]
fn attempts_waits_and_the_end_are_told_and_what_an_attempt_says_is_in_its_span() {
    let lines = printed(DEBUG, |_| {
        let judge = |outcome: &Result<u8, &str>| match outcome {
            Ok(_) => Verdict::Accept,
            Err(_) => Verdict::retry().throttled().after(Duration::from_millis(5)),
        };
        let result = drive(Terms::new(second()).judge(judge).notify_with(Tracing::new()), |id| {
            tracing::info!("works");
            if id < 2 { Err("busy") } else { Ok(7) }
        });
        assert_eq!(result, Some(Ok(7)));
    });
    let first = "attempt{id=1 lane=0 retry=0 kind=\"first\" timeout=9s";
    let second = "attempt{id=2 lane=0 retry=1 kind=\"retry\" timeout=9s";
    assert_eq!(
        lines,
        [
            format!("INFO call:{first}}}: works"),
            format!("DEBUG call:{first} end=\"retry\" error=busy sent=Maybe throttled=true hint=5ms}}:"),
            "DEBUG call: waits wait=1.005s reason=\"backoff\"".to_owned(),
            format!("INFO call:{second}}}: works"),
            format!("DEBUG call:{second} end=\"accept\"}}:"),
            "DEBUG call{attempts=2 winner=2}:".to_owned(),
        ]
    );
}

#[test]
fn a_name_is_told_for_people_and_for_opentelemetry() {
    let lines = printed(DEBUG, |_| {
        let name = format!("get {}", "price");
        drive(Terms::new(Policy::stop()).notify_with(Tracing::named(&name)), |_| Ok::<_, &str>(()));
    });
    let last = lines.last().map(String::as_str);
    assert_eq!(last, Some("DEBUG call{name=\"get price\" otel.name=\"get price\" attempts=1 winner=1}:"));
}

#[test]
fn giving_up_is_a_warning_that_needs_no_spans() {
    let give_up = || {
        let judge = |outcome: &Result<(), &str>| match outcome {
            Err("busy") => Verdict::retry(),
            _ => Verdict::retry().after(Duration::from_secs(900)),
        };
        drive(Terms::new(Policy::zero()).judge(judge).notify_with(Tracing::new()), |id| {
            Err(if id < 2 { "busy" } else { "closed until noon" })
        });
    };
    let says = "gave up reason=\"retry_after\" attempts=2 hint=900s error=\"closed until noon\"";
    assert_eq!(printed(LevelFilter::INFO, |_| give_up()), [format!("WARN {says}")]);
    let lines = printed(DEBUG, |_| give_up());
    assert!(lines.contains(&format!("WARN call{{attempts=2 reason=\"retry_after\" hint=900s}}: {says}")), "{lines:#?}");
}

#[test]
fn a_refusal_is_told_and_an_older_error_is_not_taken_for_the_last() {
    let lines = printed(LevelFilter::WARN, |_| {
        let terms = Terms::new(Policy::zero()).gate(Bulkhead::new(0)).notify_with(Tracing::new());
        drive(terms, |_| Ok::<_, &str>(()));
        let judge = |_: &Result<u32, &str>| Verdict::retry();
        drive(Terms::new(Policy::zero()).judge(judge).notify_with(Tracing::new()), |id| {
            if id < 3 { Err("busy") } else { Ok(id) }
        });
    });
    assert_eq!(
        lines,
        [
            "WARN gave up reason=\"refused\" refusal=\"bulkhead is full\" attempts=0",
            "WARN gave up reason=\"attempts\" attempts=3"
        ]
    );
}

#[test]
fn cancels_tell_their_reason() {
    let lines = printed(DEBUG, |_| {
        let policy = second().lanes(3).attempts(4).deadline(Duration::from_secs(20));
        let mut hook: Tracing = Tracing::new();
        let mut call = Call::with_lanes::<3>(&policy, (), Instant::ZERO, 7);
        let mut step = |now: Instant| {
            loop {
                let action = call.poll(now);
                hook.on_event(&Event::<u8, &str>::new(Instant::ZERO, now, Decision::Action(action)));
                match action {
                    Action::Wait { until, .. } => return until,
                    Action::Return(_) | Action::GiveUp(_) => return None,
                    Action::Send(attempt) if attempt.id == 4 => _ = call.handle(now, 4, Verdict::Accept),
                    _ => {}
                }
            }
        };
        let timeout = step(Instant::ZERO).unwrap();
        let retry = step(timeout).unwrap();
        step(retry);
    });
    let ends = |end: &str| lines.iter().filter(|line| line.contains(&format!("end=\"{end}\""))).count();
    assert_eq!(ends("timeout"), 3, "{lines:#?}");
}

#[test]
fn a_call_that_is_dropped_says_cancelled() {
    let lines = printed(DEBUG, |_| {
        let policy = second();
        let mut call = Call::new(&policy, (), Instant::ZERO, 7);
        let mut hook: Tracing = Tracing::new();
        let action = call.poll(Instant::ZERO);
        hook.on_event(&Event::<u8, &str>::new(Instant::ZERO, Instant::ZERO, Decision::Action(action)));
        drop(hook);
        drop(Tracing::named("never made"));
    });
    assert_eq!(
        lines,
        [
            "DEBUG call:attempt{id=1 lane=0 retry=0 kind=\"first\" timeout=9s end=\"cancelled\"}:",
            "DEBUG call{attempts=1 reason=\"cancelled\"}:",
            "DEBUG call{name=\"never made\" otel.name=\"never made\"}:",
        ]
    );
}

#[derive(Debug)]
struct Opaque(u8);

#[test]
fn errors_without_a_display_are_told_otherwise() {
    let lines = printed(LevelFilter::WARN, |_| {
        let fails = |_| Err::<(), _>(Opaque(5));
        drive(Terms::new(Policy::stop()).notify_with(Tracing::new().debug_errors()), fails);
        let describe = |error: &Opaque, f: &mut Formatter<'_>| write!(f, "number {}", error.0);
        drive(Terms::new(Policy::stop()).notify_with(Tracing::new().describe_errors(describe)), fails);
        // What cannot be written is told as far as it goes.
        let breaks = |_: &Opaque, f: &mut Formatter<'_>| {
            f.write_str("half")?;
            Err(fmt::Error)
        };
        drive(Terms::new(Policy::stop()).notify_with(Tracing::new().describe_errors(breaks)), fails);
    });
    let error = |line: &String| line.split("error=").nth(1).map(ToOwned::to_owned);
    let errors: Vec<_> = lines.iter().map(error).collect();
    assert_eq!(errors, [r#""Opaque(5)""#, r#""number 5""#, r#""half""#].map(|text| Some(text.to_owned())));
}

#[test]
fn a_hook_listens_where_a_subscriber_wants_warnings() {
    let is_listening = |hook: &Tracing| Hook::<u8, &str>::is_listening(hook);
    printed(LevelFilter::WARN, |_| assert!(is_listening(&Tracing::new())));
}
