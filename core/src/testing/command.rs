//! Writes the `insist replay` command that shows a rehearsal.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::any::Any;
use core::time::Duration;

use crate::backoff::{AtEnd, Shape};
use crate::duration::Text;
use crate::jitter::Jitter;
use crate::play::Script;
use crate::policy::Policy;
use crate::verdict::{Failure, Hint, Repeat, Sent, Verdict};

/// Returns the command and the script that it reads; for a custom backoff, which no command line can express, a note
/// that says so.
pub(super) fn command<B: 'static>(policy: &Policy<B>, repeat: Repeat, seed: u64, script: &Script) -> String {
    let Some(shape) = (policy.get_backoff() as &dyn Any).downcast_ref::<Shape>() else {
        return "(a backoff of one's own cannot be said on a command line)".into();
    };
    let mut words: Vec<String> = Vec::from(["insist replay".into()]);
    let mut say = |name: &str, value: String| words.push(format!("--{name} {value}"));
    backoff(shape, &mut say);
    limits(policy, &mut say);
    if repeat != Repeat::Always {
        say("repeat", repeat.as_str().replace('_', "-"));
    }
    say("seed", seed.to_string());
    let mut text = String::new();
    let in_a_file = [
        ("hedge_on_failure", policy.get_hedge_on_failure()),
        ("cap_stops", policy.get_cap_stops()),
        ("ignore_hints", !policy.get_hints()),
        ("restart_after_hint", policy.get_restart_after_hint()),
        ("separate_targets", policy.get_separate_targets()),
    ];
    let words_in_a_file: Vec<&str> = in_a_file.iter().filter(|(_, is_set)| *is_set).map(|(word, _)| *word).collect();
    if !words_in_a_file.is_empty() {
        text.push_str(&format!("# add --policy FILE with what no option says: {}\n", words_in_a_file.join(", ")));
    }
    text.push_str(&format!("{} <<'SCRIPT'\n", words.join(" ")));
    for (attempt, after, verdict) in script.iter() {
        text.push_str(&line(attempt, after, verdict));
    }
    text.push_str("SCRIPT\n");
    text
}

fn backoff(shape: &Shape, say: &mut impl FnMut(&str, String)) {
    let text = |span: Duration| Text(span).to_string();
    let base = match shape {
        Shape::Constant { base }
        | Shape::Linear { base }
        | Shape::Exponential { base, .. }
        | Shape::Fibonacci { base }
        | Shape::Decorrelated { base } => Some(base),
        Shape::Zero | Shape::Stop | Shape::List { .. } => None,
    };
    say("backoff", shape.as_str().into());
    if let Some(base) = base {
        say("base", text(*base));
    }
    match shape {
        Shape::Exponential { factor, .. } => say("factor", factor.get().to_string()),
        Shape::List { delays, at_end } => {
            say("delays", delays.iter().map(text).collect::<Vec<_>>().join(","));
            say("at-end", if *at_end == AtEnd::Repeat { "repeat" } else { "stop" }.into());
        }
        _ => {}
    }
}

fn limits<B>(policy: &Policy<B>, say: &mut impl FnMut(&str, String)) {
    let jitter = match policy.get_jitter() {
        Jitter::None => "none".into(),
        Jitter::Full => "full".into(),
        Jitter::Equal => "equal".into(),
        Jitter::Fraction(fraction) => fraction.get().to_string(),
    };
    say("jitter", jitter);
    say("attempts", policy.get_attempts().map_or("unlimited".into(), |attempts| attempts.to_string()));
    if let Some(attempts) = policy.get_lane_attempts() {
        say("lane-attempts", attempts.to_string());
    }
    if policy.get_unsent_attempts() > 0 {
        say("unsent-attempts", policy.get_unsent_attempts().to_string());
    }
    if policy.get_hint_spread() > 0.0 {
        say("retry-after-spread", policy.get_hint_spread().to_string());
    }
    if policy.get_lanes() > 1 {
        say("lanes", policy.get_lanes().to_string());
    }
    let fixed = match policy.get_hedge_at() {
        Some(percentile) => {
            say("hedge-after", percentile.to_string());
            None
        }
        None => Some(policy.get_hedge_after()),
    };
    let spans = [
        ("throttled-base", policy.get_throttled_base()),
        ("cap", policy.get_cap()),
        ("floor", Some(policy.get_floor()).filter(|floor| !floor.is_zero())),
        ("hedge-after", fixed.filter(|delay| !delay.is_zero())),
        ("attempt-timeout", policy.get_attempt_timeout()),
        ("deadline", policy.get_deadline()),
        ("max-retry-after", policy.get_hint_limit()),
    ];
    for (name, span) in spans {
        if let Some(span) = span {
            say(name, Text(span).to_string());
        }
    }
}

fn line(attempt: u32, after: Duration, verdict: Verdict) -> String {
    let mut line = format!(r#"{{"attempt":{attempt},"after":"{}","verdict":"{}""#, Text(after), verdict.as_str());
    if let Verdict::Retry(Failure { sent, throttled, hint }) = verdict {
        if sent == Sent::No {
            line.push_str(r#","sent":"no""#);
        }
        if throttled {
            line.push_str(r#","throttled":true"#);
        }
        match hint {
            Some(Hint::AtLeast(wait)) => line.push_str(&format!(r#","retry_after":"{}""#, Text(wait))),
            Some(Hint::Exactly(wait)) => line.push_str(&format!(r#","exactly_after":"{}""#, Text(wait))),
            None => {}
        }
    }
    line.push_str("}\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::List;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_policy_and_a_script_are_said_as_a_command() {
        let policy = Policy::exponential(ms(100)).attempts(5).lanes(2).hedge_after(ms(50)).deadline(ms(3000));
        let script = Script::new().outcome(1, ms(20), Verdict::retry().unsent().throttled().after(ms(2000))).outcome(
            2,
            ms(30),
            Verdict::Accept,
        );
        assert_eq!(
            command(&policy, Repeat::IfUnsent, 7, &script),
            "insist replay --backoff exponential --base 100ms --factor 2 --jitter full --attempts 5 --lanes 2 --cap 10s \
             --hedge-after 50ms --deadline 3s --max-retry-after 5m --repeat if-unsent --seed 7 <<'SCRIPT'\n\
             {\"attempt\":1,\"after\":\"20ms\",\"verdict\":\"retry\",\"sent\":\"no\",\"throttled\":true,\"retry_after\":\"2s\"}\n\
             {\"attempt\":2,\"after\":\"30ms\",\"verdict\":\"accept\"}\n\
             SCRIPT\n"
        );
    }

    #[test]
    fn a_list_is_said_with_its_delays_and_a_closure_not_at_all() {
        let list = Policy::list(List::new(&[ms(1), ms(5)]), AtEnd::Repeat).attempts(9);
        let said = command(&list, Repeat::Always, 0, &Script::new());
        assert!(said.contains("--backoff list --delays 1ms,5ms --at-end repeat --jitter none"), "{said}");
        let stops = Policy::linear(ms(1)).cap_that_stops(ms(9));
        assert!(
            command(&stops, Repeat::Always, 0, &Script::new())
                .starts_with("# add --policy FILE with what no option says: cap_stops\n")
        );
        let own = Policy::new(|_: crate::RetryContext| None);
        assert!(command(&own, Repeat::Always, 0, &Script::new()).starts_with('('));
    }
}
