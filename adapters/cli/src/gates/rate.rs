//! The rate limit: so many attempts in a span, evenly spaced.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{Instant, RateLimit};
use serde::{Deserialize, Deserializer};

use super::number::whole;
use super::setting::Setting;
use crate::span::Limit;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateSetting {
    limit: Rate,
    /// One by default: a command has just begun, and has saved up nothing.
    #[serde(default = "one", deserialize_with = "whole")]
    burst: u32,
    #[serde(default)]
    longest_wait: Limit,
}

const fn one() -> u32 {
    1
}

/// So many attempts in a span: `100/s`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rate {
    attempts: u32,
    span: Duration,
}

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (attempts, span) = text.split_once('/').ok_or(())?;
        let attempts = attempts.parse().ok().filter(|attempts| *attempts > 0).ok_or(())?;
        // `10/s` is `10/1s`.
        let is_bare = !span.starts_with(|first: char| first.is_ascii_digit());
        let span = if is_bare { format!("1{span}") } else { span.into() };
        let span = insist_core::duration::parse(&span).ok().filter(|span| !span.is_zero()).ok_or(())?;
        Ok(Self { attempts, span })
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom(format_args!("{} is needed", RateSetting::RIGHT)))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = Text(self.span).to_string();
        let unit = span.strip_prefix('1').filter(|unit| unit.chars().all(char::is_alphabetic));
        write!(f, "{}/{}", self.attempts, unit.unwrap_or(&span))
    }
}

impl Setting for RateSetting {
    type Gate = RateLimit;

    const SHORT: &'static str = "limit";
    const RIGHT: &'static str = "a number of attempts and a span as in 10/s or 600/5m";
    const VALUE: &'static str = "N/SPAN";
    const HELP: &'static str = "Send no more attempts than this in a span, as in 10/s or 600/5m; the others wait for their turn \
                                [default: no limit]";
    const MORE: &'static str = "Attempts are evenly spaced; with burst=5, five may be sent at once after a time without any. An attempt is \
         refused if its turn comes after the deadline, or later than longest_wait from now.";

    fn check(&self) -> Result<(), String> {
        match self.burst {
            0 => Err("burst is 0; a rate needs at least 1, which is no burst".into()),
            _ => Ok(()),
        }
    }

    fn make(&self, _: u64) -> RateLimit {
        RateLimit::new(self.limit.attempts, self.limit.span).burst(self.burst).waiting(self.longest_wait.0)
    }

    fn told(&self) -> String {
        let burst = if self.burst == 1 { String::new() } else { format!(" after a burst of {}", self.burst) };
        let others = match self.longest_wait.0 {
            Duration::ZERO => "others are refused".to_owned(),
            Duration::MAX => "others wait for their turn".to_owned(),
            longest => format!("others wait for their turn, at most {}", Text(longest)),
        };
        let attempts =
            if self.limit.attempts == 1 { "1 attempt is" } else { &format!("{} attempts are", self.limit.attempts) };
        let span = Text(self.limit.span);
        format!("At most {attempts} sent in {span}, of all calls together, evenly spaced{burst}; {others}.")
    }

    fn brief(&self) -> String {
        self.limit.to_string()
    }

    fn state(gate: &RateLimit, now: Instant) -> String {
        format!("rate limit: {}", gate.state(now))
    }
}
