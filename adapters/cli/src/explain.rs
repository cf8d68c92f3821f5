//! Explains a policy in plain sentences, one in each line.

use std::fmt;
use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{AtEnd, Jitter, Policy, Shape};

/// Prints what a policy does.
pub(crate) struct Explained<'a>(pub(crate) &'a Policy);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_attempts(f)?;
        if self.retries() {
            self.write_waits(f)?;
        }
        if let Some(timeout) = self.0.get_attempt_timeout() {
            writeln!(f, "An attempt that takes longer than {} is cancelled and counts as a failure.", Text(timeout))?;
        }
        if let Some(deadline) = self.0.get_deadline() {
            write!(f, "The call takes at most {}", Text(deadline))?;
            f.write_str(if self.retries() {
                "; a wait that would not end before that is not begun.\n"
            } else {
                ".\n"
            })?;
        }
        if self.lanes() > 1 {
            self.write_lanes(f)?;
        }
        self.write_hints(f)
    }
}

impl Explained<'_> {
    /// Returns the most sends in a lane; `u32::MAX` is no limit.
    fn in_a_lane(&self) -> u32 {
        let of_shape = match self.0.get_backoff() {
            Shape::Stop => 1,
            Shape::List { delays, at_end: AtEnd::Stop } => delays.iter().count() as u32 + 1,
            _ => u32::MAX,
        };
        self.0.get_lane_attempts().unwrap_or(u32::MAX).min(of_shape)
    }

    /// Returns the most sends in all; `u32::MAX` is no limit.
    fn in_all(&self) -> u32 {
        let lanes = self.in_a_lane().saturating_mul(u32::from(self.0.get_lanes()));
        self.0.get_attempts().unwrap_or(u32::MAX).min(lanes)
    }

    /// Returns the number of lanes that can open: each needs an attempt.
    fn lanes(&self) -> u32 {
        u32::from(self.0.get_lanes()).min(self.in_all())
    }

    fn retries(&self) -> bool {
        self.in_a_lane() > 1 && self.in_all() > 1
    }

    /// Names what ends with a lane.
    fn lane(&self) -> &'static str {
        if self.lanes() > 1 { "its lane" } else { "the call" }
    }

    fn write_attempts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.in_all(), self.in_a_lane()) {
            (1, _) => writeln!(f, "A call makes 1 attempt, and no other."),
            (u32::MAX, _) => writeln!(f, "The number of attempts has no limit."),
            (all, _) if self.lanes() == 1 => writeln!(f, "A call makes at most {all} attempts."),
            (all, lane) if lane >= all => {
                writeln!(f, "A call makes at most {all} attempts, in all its lanes together.")
            }
            (all, lane) => writeln!(f, "A call makes at most {all} attempts, {lane} in each lane."),
        }
    }

    fn write_lanes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lanes = self.lanes();
        let delay = self.0.get_hedge_after();
        if delay.is_zero() {
            write!(f, "{lanes} lanes start at once")?;
        } else {
            match self.0.get_hedge_at() {
                Some(percentile) => {
                    write!(f, "When what is in flight has taken longer than {percentile} of the latest answers")?;
                }
                None => write!(f, "When what is in flight has taken {}", Text(delay))?,
            }
            write!(f, ", another lane opens, {lanes} at most")?;
            if self.0.get_hedge_on_failure() {
                f.write_str("; a failure opens the next at once")?;
            }
        }
        f.write_str(". The first answer that is accepted wins, and the others are cancelled.\n")?;
        f.write_str("A call that may not be repeated has one lane.\n")
    }

    fn write_hints(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opens = self.lanes() > 1 && self.0.get_hedge_on_failure();
        match (self.0.get_hints(), self.0.get_hint_limit()) {
            _ if !self.retries() && !opens => Ok(()),
            (false, _) => f.write_str("What a server asks for with Retry-After is ignored.\n"),
            _ if !self.retries() => f.write_str("The next lane opens when a failure's Retry-After has passed.\n"),
            (true, limit) => {
                f.write_str("What a server asks for with Retry-After is waited for first")?;
                let is_at_once = *self.0.get_backoff() == Shape::Zero && self.0.get_floor().is_zero();
                f.write_str(if is_at_once { "" } else { ", and the wait comes on top" })?;
                match limit {
                    Some(limit) => writeln!(f, "; more than {} ends {}.", Text(limit), self.lane())?,
                    None => f.write_str(".\n")?,
                }
                self.write_after_hints(f)
            }
        }
    }

    fn write_after_hints(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.get_hint_spread() > 0.0 {
            let percent = self.0.get_hint_spread() * 100.0;
            writeln!(f, "Up to {percent} % of it are added, so that many clients do not come back together.")?;
        }
        if self.0.get_restart_after_hint() {
            f.write_str("After it the waits start again from the first.\n")?;
        }
        if self.lanes() > 1 && self.0.get_separate_targets() {
            f.write_str("It is about the target of its lane: the other lanes do not wait for it.\n")?;
        }
        Ok(())
    }

    fn write_waits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.lanes() > 1 { "its lane" } else { "it" };
        write!(f, "After a failure {who} ")?;
        match self.0.get_backoff() {
            Shape::Zero => self.write_same(f, Duration::ZERO)?,
            Shape::Constant { base } => self.write_same(f, *base)?,
            Shape::Linear { base } => {
                let then = format!("{} longer", Text(*base));
                self.write_growing(f, *base, &format!("then {then} each time"))?;
            }
            Shape::Exponential { base, factor } => {
                let up_to = self.up_to();
                let factor = factor.get();
                if factor == 1.0 {
                    self.write_same(f, *base)?;
                } else if factor == 2.0 {
                    self.write_growing(f, *base, &format!("then {up_to}twice as long each time"))?;
                } else {
                    self.write_growing(f, *base, &format!("then {up_to}{factor} × as long each time"))?;
                }
            }
            Shape::Fibonacci { base } => {
                let (base, up_to) = (*base, self.up_to());
                let then = format!("once more {up_to}{}, then {up_to}as long as the two before together", Text(base));
                self.write_growing(f, base, &then)?;
            }
            Shape::Decorrelated { base } => {
                write!(
                    f,
                    "waits, at first from {0} up to 3 × {0}, then from {0} up to 3 × the wait before",
                    Text(*base)
                )?;
                self.write_bounds(f)?;
                f.write_str("; each wait is drawn evenly between the two")?;
            }
            Shape::List { delays, at_end } => {
                for (index, delay) in delays.iter().enumerate() {
                    let before = if index == 0 { "waits " } else { ", then " };
                    write!(f, "{before}{}{}", self.up_to(), Text(delay))?;
                }
                f.write_str(match at_end {
                    AtEnd::Repeat => " each time from then on",
                    _ => ", and then no more",
                })?;
                self.write_bounds(f)?;
                self.write_jitter(f)?;
            }
            _ => f.write_str("waits as a backoff of its own says")?,
        }
        f.write_str(".\n")?;
        let has_base = !matches!(self.0.get_backoff(), Shape::Zero | Shape::List { .. });
        if let Some(base) = self.0.get_throttled_base().filter(|_| has_base) {
            writeln!(f, "Where the server has too much to do, as with 429, the waits start from {}.", Text(base))?;
        }
        match (self.0.get_cap(), self.0.get_cap_stops()) {
            (Some(cap), true) => {
                writeln!(f, "A wait that comes to {} or more ends {} instead.", Text(cap), self.lane())
            }
            _ => Ok(()),
        }
    }

    /// Returns the cap of the waits; the largest duration if there is none, or if the policy stops at it.
    fn cap(&self) -> Duration {
        self.0.get_cap().filter(|_| !self.0.get_cap_stops()).unwrap_or(Duration::MAX)
    }

    /// Writes a backoff that waits the same each time.
    fn write_same(&self, f: &mut fmt::Formatter<'_>, wait: Duration) -> fmt::Result {
        let wait = wait.min(self.cap()).max(self.0.get_floor());
        if wait.is_zero() {
            return f.write_str("tries again at once");
        }
        // A range from the floor to the floor is no range.
        let is_drawn = wait > self.0.get_floor() || matches!(self.0.get_jitter(), Jitter::Fraction(_));
        if !is_drawn {
            return write!(f, "waits {}", Text(wait));
        }
        write!(f, "waits {}{}", self.up_to(), Text(wait))?;
        if self.0.get_jitter() != Jitter::None {
            self.write_bounds(f)?;
        }
        self.write_jitter(f)
    }

    fn write_growing(&self, f: &mut fmt::Formatter<'_>, first: Duration, then: &str) -> fmt::Result {
        // A backoff that starts at the cap or at zero does not grow.
        if first >= self.cap() || first.is_zero() {
            return self.write_same(f, first);
        }
        write!(f, "waits, at first {}{}, {then}", self.up_to(), Text(first))?;
        self.write_bounds(f)?;
        self.write_jitter(f)
    }

    fn write_bounds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.get_floor().is_zero() {
            write!(f, ", never less than {}", Text(self.0.get_floor()))?;
        }
        if self.cap() < Duration::MAX { write!(f, ", never more than {}", Text(self.cap())) } else { Ok(()) }
    }

    /// Returns the words before the end of the range that waits are drawn from.
    fn up_to(&self) -> &'static str {
        match self.0.get_jitter() {
            Jitter::None => "",
            Jitter::Fraction(_) => "about ",
            _ => "up to ",
        }
    }

    fn write_jitter(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get_jitter() {
            Jitter::Full if self.0.get_floor().is_zero() => {
                f.write_str("; each wait is drawn evenly from zero up to that")
            }
            Jitter::Full => write!(f, "; each wait is drawn evenly from {} up to that", Text(self.0.get_floor())),
            Jitter::Equal => f.write_str("; each wait is drawn evenly from half of that up to all of it"),
            Jitter::Fraction(fraction) => {
                let percent = (fraction.get() * 1000.0).round() / 10.0;
                write!(f, "; each wait is drawn evenly from {percent} % less up to {percent} % more than that")
            }
            _ => Ok(()),
        }
    }
}
