//! `--assert`: conditions on the figures, so that a policy is a test.

use std::str::FromStr;

use insist_core::duration::parse;
use insist_sim::Summary;

use super::grid::Grid;

/// A condition on a figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assertion {
    text: String,
    figure: Name,
    is: Is,
    bound: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    Success,
    Sends,
    Peak,
    Refused,
    /// A share of the successful calls.
    Time(f64),
    Recovers,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    AtMost,
    Below,
    AtLeast,
    Above,
}

const FIGURES: &str = "success, sends, peak, refused, p50, p90, p99, p99.9 or recovers";

impl FromStr for Assertion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let operators = [("<=", Is::AtMost), (">=", Is::AtLeast), ("<", Is::Below), (">", Is::Above)];
        let split =
            operators.into_iter().find_map(|(word, is)| text.split_once(word).map(|(name, bound)| (name, is, bound)));
        let Some((name, is, bound)) = split else {
            return Err(format!("one of <= < >= > is needed, as in success>=0.99 or p99<=250ms; {text:?} has none"));
        };
        let (name, bound) = (name.trim(), bound.trim());
        let figure = match name {
            "success" => Name::Success,
            "sends" => Name::Sends,
            "peak" => Name::Peak,
            "refused" => Name::Refused,
            "recovers" => Name::Recovers,
            _ => {
                let percent: Option<f64> = name.strip_prefix('p').and_then(|number| number.parse().ok());
                let share = percent.filter(|percent| (0.0..=100.0).contains(percent));
                Name::Time(share.ok_or(format!("{name:?} is no figure; {FIGURES} is needed"))? / 100.0)
            }
        };
        let bound = match figure {
            Name::Time(_) | Name::Recovers => {
                parse(bound).map_err(|error| format!("{bound:?} after {name}: {error}"))?.as_secs_f64()
            }
            _ => match bound.parse::<f64>() {
                Ok(number) if number.is_finite() => number,
                _ => return Err(format!("{bound:?} after {name} is no number; one as 0.99 is needed")),
            },
        };
        Ok(Self { text: text.into(), figure, is, bound })
    }
}

impl Assertion {
    /// Returns a sentence for each pair of world and policy in which it does not hold.
    pub(super) fn broken(&self, grid: &Grid) -> Vec<String> {
        let mut broken = Vec::new();
        for (world, rows) in grid.by_world() {
            for (spec, summary) in rows {
                if let Some(what) = self.fails(summary) {
                    broken.push(format!("{}, {}: {what}, and --assert wants {}", world.name, spec.name, self.text));
                }
            }
        }
        broken
    }

    fn fails(&self, summary: &Summary) -> Option<String> {
        let (word, value, unit) = match self.figure {
            Name::Success => ("success is", Some(summary.success().mean), ""),
            Name::Sends => ("sends a call are", Some(summary.sends_per_call().mean), ""),
            Name::Peak => ("the peak is", Some(summary.peak().mean), ""),
            Name::Refused => ("refused calls are", Some(summary.figure(|outcome| outcome.refused() as f64).mean), ""),
            Name::Time(share) => ("the time is", summary.success_time(share).map(|figure| figure.mean), " s"),
            Name::Recovers => ("it recovers after", summary.recovers().map(|figure| figure.mean), " s"),
        };
        let Some(value) = value else {
            let is_time = matches!(self.figure, Name::Time(_));
            return Some(if is_time { "no call succeeded" } else { "it does not recover within the run" }.into());
        };
        let holds = match self.is {
            Is::AtMost => value <= self.bound,
            Is::Below => value < self.bound,
            Is::AtLeast => value >= self.bound,
            Is::Above => value > self.bound,
        };
        (!holds).then(|| format!("{word} {value:.4}{unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        let read =
            |text: &str| text.parse::<Assertion>().map(|assertion| (assertion.figure, assertion.is, assertion.bound));
        assert_eq!(read("success>=0.99"), Ok((Name::Success, Is::AtLeast, 0.99)));
        assert_eq!(read("p99 <= 250ms"), Ok((Name::Time(0.99), Is::AtMost, 0.25)));
        assert_eq!(read("recovers<60s"), Ok((Name::Recovers, Is::Below, 60.0)));
        assert_eq!(read("sucess>=1").unwrap_err(), format!("\"sucess\" is no figure; {FIGURES} is needed"));
        assert_eq!(read("peak<=1.5x").unwrap_err(), "\"1.5x\" after peak is no number; one as 0.99 is needed");
        assert!(read("success=1").is_err() && read("p99<=5").is_err() && read("peak<=NaN").is_err());
    }
}
