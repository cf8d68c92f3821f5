//! Reads scripts: the outcome of each attempt, one JSON object in each line.

use std::collections::BTreeMap;
use std::time::Duration;

use insist_core::{Sent, Verdict};
use serde::{Deserialize, Deserializer};

use crate::shown::foreign;

/// The outcome of an attempt, and the span after its send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) after: Duration,
    pub(super) verdict: Verdict,
}

/// The outcomes by attempt; an attempt without one never answers.
pub(super) type Outcomes = BTreeMap<u32, Outcome>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    attempt: u32,
    #[serde(deserialize_with = "duration")]
    after: Duration,
    verdict: VerdictName,
    #[serde(default, deserialize_with = "optional_duration")]
    retry_after: Option<Duration>,
    #[serde(default, deserialize_with = "optional_duration")]
    exactly_after: Option<Duration>,
    sent: Option<Sent>,
    #[serde(default)]
    throttled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum VerdictName {
    Accept,
    Retry,
    Stop,
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parsed(&text)
}

fn optional_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.as_deref().map(parsed).transpose()
}

fn parsed<E: serde::de::Error>(text: &str) -> Result<Duration, E> {
    insist_core::duration::parse(text).map_err(|problem| E::custom(format!("`{text}`: {problem}")))
}

/// Reads a script; an error names the line.
pub(super) fn read(text: &str) -> Result<Outcomes, String> {
    let mut outcomes = Outcomes::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let number = index + 1;
        let (attempt, outcome) = outcome(line).map_err(|problem| format!("line {number}: {}", foreign(&problem)))?;
        if outcomes.insert(attempt, outcome).is_some() {
            return Err(format!("line {number}: attempt {attempt} has an outcome already; leave one of them out"));
        }
    }
    Ok(outcomes)
}

fn outcome(line: &str) -> Result<(u32, Outcome), String> {
    // serde would read an array as a struct too.
    if !line.trim_start().starts_with('{') {
        return Err("not a JSON object, such as {\"attempt\":1,\"after\":\"120ms\",\"verdict\":\"retry\"}".into());
    }
    let line: Line = serde_json::from_str(line).map_err(|error| json_error(&error))?;
    if line.attempt == 0 {
        return Err("attempt is 0; attempts are numbered from 1".into());
    }
    let verdict = match line.verdict {
        VerdictName::Accept => Verdict::Accept,
        VerdictName::Stop => Verdict::Stop,
        VerdictName::Retry => {
            let mut verdict = Verdict::retry().sent(line.sent.unwrap_or_default());
            if line.throttled {
                verdict = verdict.throttled();
            }
            match (line.retry_after, line.exactly_after) {
                (Some(_), Some(_)) => return Err("retry_after and exactly_after are both set; leave one out".into()),
                (Some(wait), None) => verdict.after(wait),
                (None, Some(wait)) => verdict.exactly_after(wait),
                (None, None) => verdict,
            }
        }
    };
    Ok((line.attempt, Outcome { after: line.after, verdict }))
}

/// Describes an error of serde_json by its column alone, since each line is parsed by itself.
fn json_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("{what} (column {})", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_leave_out_what_has_a_default() {
        let outcomes = read(
            "{\"attempt\":2,\"after\":\"0\",\"verdict\":\"accept\"}\n\n\
             {\"attempt\":1,\"after\":\"120ms\",\"verdict\":\"retry\",\"retry_after\":\"2s\",\"sent\":\"no\"}\n\
             {\"attempt\":3,\"after\":\"0\",\"verdict\":\"retry\",\"throttled\":true,\"exactly_after\":\"1s\"}\n",
        )
        .unwrap();
        let hinted = Verdict::retry().unsent().after(Duration::from_secs(2));
        let exact = Verdict::retry().throttled().exactly_after(Duration::from_secs(1));
        assert_eq!(outcomes[&1], Outcome { after: Duration::from_millis(120), verdict: hinted });
        assert_eq!(outcomes[&2], Outcome { after: Duration::ZERO, verdict: Verdict::Accept });
        assert_eq!(outcomes[&3], Outcome { after: Duration::ZERO, verdict: exact });
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let good = "{\"attempt\":1,\"after\":\"1s\",\"verdict\":\"retry\"}";
        for (bad, named) in [
            ("{\"attempt\":2,\"after\":\"1s\",\"verdict\":\"retry\",\"sends\":1}", "unknown field `sends`"),
            ("{\"attempt\":2,\"attempt\":3,\"after\":\"1s\",\"verdict\":\"retry\"}", "duplicate field `attempt`"),
            (
                "{\"attempt\":2,\"sent\":\"no\",\"sent\":\"no\",\"after\":\"0\",\"verdict\":\"retry\"}",
                "duplicate field `sent`",
            ),
            (
                "{\"attempt\":2,\"after\":\"0\",\"verdict\":\"retry\",\"retry_after\":\"1s\",\"exactly_after\":\"1s\"}",
                "leave one out",
            ),
            ("{\"attempt\":1,\"after\":\"1s\",\"verdict\":\"retry\"}", "attempt 1 has an outcome already"),
            ("{\"attempt\":0,\"after\":\"1s\",\"verdict\":\"retry\"}", "attempt is 0"),
            ("{\"attempt\":-1,\"after\":\"1s\",\"verdict\":\"retry\"}", "`-1`"),
            ("{\"attempt\":2,\"after\":\"1 parsec\",\"verdict\":\"retry\"}", "parsec"),
            ("{\"attempt\":2,\"after\":\"1s\",\"verdict\":\"perhaps\"}", "unknown variant `perhaps`"),
            ("{\"attempt\":2,\"after\":\"1s\",\"verdict\":\"retry\",\"throttled\":1}", "expected a boolean"),
            ("{\"attempt\":2,\"after\":\"1s\"}", "missing field `verdict`"),
            ("[2,\"1s\",\"retry\"]", "not a JSON object"),
            ("{\"attempt\":2", "EOF"),
        ] {
            let problem = read(&format!("{good}\n{bad}\n")).unwrap_err();
            assert!(problem.starts_with("line 2: ") && problem.contains(named), "{bad}: {problem}");
        }
    }
}
