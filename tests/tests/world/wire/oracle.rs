//! Says whether a call ended as its policy says, from what its client told and what the proxy did.
//!
//! It asserts no tight times: an attempt may have failed without a cause at the proxy if, by its own log, its time was
//! over. Any other end has a cause.

use std::collections::HashSet;
use std::time::Duration;

use insist_tests::proxy::{Exchange, Fault, Given};
use insist_tests::words::ms;
use insist_ureq::insisting::{AttemptEnd, Failure, Reason, Sent};

use super::ask::{Answer, Ask, Attempted, Habits, Method, Seen, Told, WAIT, is_connect, numbers};
use super::round::Expected;

/// Sets how much later than the deadline a call may be noticed to be over, on a noisy machine: far less than what the
/// proxy would have it wait for.
const SLACK: Duration = Duration::from_secs(5);

/// Sets how much sooner than asked a system may end a wait.
const EARLY: Duration = ms(6);

/// Says what is wrong with a call, if anything is.
pub(crate) fn judge(ask: &Ask, seen: &Seen, exchanges: &[&Exchange], habits: Habits) -> Result<(), String> {
    let (tunnels, exchanges) = exchanges.iter().partition(|exchange| is_connect(&exchange.arrival));
    let call = Judged { ask, seen, exchanges, tunnels, habits };
    call.sends()?;
    call.tunnels()?;
    call.opens_anew()?;
    call.time()?;
    match &seen.told {
        Some(told) => {
            for attempted in &told.attempts {
                let number = attempted.attempt;
                call.attempt(attempted).map_err(|wrong| format!("attempt {number}: {wrong}"))?;
            }
            call.in_flight(told)?;
            call.end(told)
        }
        None => call.plain(),
    }
}

/// Says what is wrong with the use of connections, if anything is.
pub(crate) fn judge_connections(exchanges: &[Exchange]) -> Result<(), String> {
    let mut ended = HashSet::new();
    for exchange in exchanges {
        let connection = exchange.arrival.connection;
        check(!ended.contains(&connection), &format!("sent on a TLS stream that had ended: {exchange:?}"))?;
        if exchange.fault == Fault::CloseNotify && exchange.given == Given::Whole {
            ended.insert(connection);
        }
    }
    Ok(())
}

struct Judged<'a> {
    ask: &'a Ask,
    seen: &'a Seen,
    exchanges: Vec<&'a Exchange>,
    /// The tunnels that were asked for, in order.
    tunnels: Vec<&'a Exchange>,
    habits: Habits,
}

fn check(holds: bool, wrong: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong.into()) }
}

impl Judged<'_> {
    fn exchange(&self, attempt: u32) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| numbers(&exchange.arrival.path).1 == attempt).copied()
    }

    /// No more than allowed, each once, and of what must not be repeated one.
    fn sends(&self) -> Result<(), String> {
        let made = self.seen.attempts;
        check((1..=self.ask.attempts()).contains(&made), "made more attempts than its policy allows, or none")?;
        let mut arrived: Vec<_> = self.exchanges.iter().map(|exchange| numbers(&exchange.arrival.path).1).collect();
        arrived.sort_unstable();
        check(arrived.windows(2).all(|two| two[0] < two[1]), "one attempt was sent twice")?;
        check(arrived.last().is_none_or(|last| *last <= made), "sent an attempt that it did not count")?;
        check(arrived.first() != Some(&0), "sent an attempt without a number")?;
        if self.ask.method == Method::Post {
            let processed = self.exchanges.iter().filter(|exchange| !self.is_unprocessed(exchange));
            let arrived: Vec<_> = processed.map(|exchange| numbers(&exchange.arrival.path).1).collect();
            check(arrived.len() <= 1, "sent twice what must not be repeated")?;
            check(arrived.iter().all(|attempt| *attempt == made), "went on after what must not be repeated was sent")?;
        }
        check(self.exchanges.iter().all(|exchange| exchange.arrival.method == self.ask.method.as_str()), "other method")
    }

    /// At most one tunnel for each attempt, and none after one that was refused for good.
    fn tunnels(&self) -> Result<(), String> {
        check(self.tunnels.len() <= self.seen.attempts as usize, "asked for more tunnels than it made attempts")?;
        // Whose time was over has not seen what the proxy answered.
        let is_late = |told: &Told| told.attempts.iter().any(|attempted| self.is_out_of_time(attempted));
        let is_alone = self.ask.policy.get_lanes() == 1 && !self.seen.told.as_ref().is_some_and(is_late);
        let before = self.tunnels.split_last().map_or(&[][..], |(_, before)| before);
        let is_over = is_alone && before.iter().any(|tunnel| self.is_refused(tunnel));
        check(!is_over, "went on after a proxy had refused for good")?;
        check(self.tunnels.iter().all(|tunnel| !tunnel.is_awaited), "waited for a tunnel for ever")
    }

    /// Returns whether a tunnel was refused in a way that asking again does not mend.
    fn is_refused(&self, tunnel: &Exchange) -> bool {
        matches!(tunnel.fault, Fault::Early(400..=407 | 409..=424 | 426..=428 | 430..=499)) || self.stops(tunnel)
    }

    /// Once an attempt failed on a connection that was used before, the next one has a connection of its own.
    fn opens_anew(&self) -> Result<(), String> {
        let is_alone = self.habits.opens_anew && self.ask.policy.get_lanes() == 1;
        for exchange in self.exchanges.iter().filter(|exchange| is_alone && exchange.arrival.number_on_connection > 1) {
            let attempt = numbers(&exchange.arrival.path).1;
            let has_failed = match &self.seen.told {
                Some(told) => told.attempts.iter().any(|made| made.attempt == attempt && made.status.is_none()),
                None => exchange.given == Given::Nothing || breaks_off(exchange) && exchange.status != Some(503),
            };
            let is_new = self.exchange(attempt + 1).is_none_or(|next| next.arrival.number_on_connection == 1);
            check(!has_failed || is_new, "failed on an old connection, and took another old one")?;
        }
        Ok(())
    }

    /// It did not wait for what never came.
    fn time(&self) -> Result<(), String> {
        check(!self.exchanges.iter().any(|exchange| exchange.is_awaited), "waited for ever")?;
        let timeout = self.ask.policy.get_attempt_timeout().map_or(SLACK, |timeout| timeout * self.ask.attempts());
        let most = self.ask.policy.get_deadline().map_or(timeout, |deadline| deadline.min(timeout));
        check(self.seen.took <= most + SLACK, "took longer than its policy allows")
    }

    /// Returns whether what its client got was not HTTP, and is to end the call.
    const fn stops(&self, exchange: &Exchange) -> bool {
        self.habits.stops_at_noise && matches!(exchange.fault, Fault::Garbage(_))
    }

    /// Returns whether the protocol says that it was not processed.
    fn is_unprocessed(&self, exchange: &Exchange) -> bool {
        self.habits.over_http2 && exchange.fault == Fault::ResetUnread
    }

    /// Returns whether an attempt had all the time that it may have.
    fn is_out_of_time(&self, attempted: &Attempted) -> bool {
        let left = self.ask.policy.get_deadline().map(|deadline| deadline.saturating_sub(attempted.sent));
        let timeout = self.ask.policy.get_attempt_timeout().into_iter().chain(left).min();
        let took = attempted.ended.map(|ended| ended.saturating_sub(attempted.sent));
        took.zip(timeout).is_some_and(|(took, timeout)| took + EARLY >= timeout)
    }

    /// Returns whether an attempt that never arrived cannot have been written to a connection that was being closed.
    fn is_certainly_unsent(&self, attempt: u32) -> bool {
        self.habits.has_own_tunnels && self.exchanges.iter().all(|before| numbers(&before.arrival.path).1 > attempt)
    }

    /// The end of an attempt has a cause.
    fn attempt(&self, attempted: &Attempted) -> Result<(), String> {
        let exchange = self.exchange(attempted.attempt);
        if let Some(deadline) = self.ask.policy.get_deadline() {
            check(attempted.sent < deadline, "was sent after the deadline")?;
        }
        let end = attempted.end.ok_or("never ended")?;
        if let Some(status) = attempted.status {
            let exchange = exchange.ok_or("was answered, and never arrived")?;
            check(exchange.status == Some(status), "another answer than the server's")?;
            check(exchange.given >= Given::Head, "was answered, and the proxy gave it no head")?;
            check((end == AttemptEnd::Accept) == (status != 503), "its status was misjudged")?;
            let is_part = self.ask.whole_body && self.ask.method != Method::Head;
            return check(!is_part || status == 503 || exchange.given == Given::Whole, "part of a body was accepted");
        }
        match end {
            AttemptEnd::Accept => Err("accepted without an answer".into()),
            AttemptEnd::Lost => check(self.ask.policy.get_lanes() > 1, "lost, and had no rival"),
            AttemptEnd::Deadline | AttemptEnd::Timeout => check(self.is_out_of_time(attempted), "timed out too soon"),
            AttemptEnd::Cancelled => Err("was cancelled, and nobody did".into()),
            AttemptEnd::Retry(Failure { sent: Sent::No, .. }) => {
                let is_unsent = exchange.is_none_or(|exchange| self.is_unprocessed(exchange));
                check(is_unsent, "arrived, and was said to be unsent")
            }
            AttemptEnd::Retry(Failure { sent: Sent::Maybe, .. }) if self.is_out_of_time(attempted) => Ok(()),
            AttemptEnd::Retry(Failure { sent: Sent::Maybe, .. }) => {
                check(!exchange.is_some_and(|exchange| self.stops(exchange)), "what is not HTTP was tried again")?;
                let may_miss =
                    |exchange: &Exchange| !self.habits.hears_early && matches!(exchange.fault, Fault::Early(_));
                let is_broken = exchange.is_none_or(|exchange| breaks_off(exchange) || may_miss(exchange));
                check(is_broken, "the whole answer was out in time, and was taken for a failure")?;
                let is_unsent = exchange.is_none() && self.is_certainly_unsent(attempted.attempt);
                check(!is_unsent, "never arrived, and was said to be perhaps sent")?;
                let is_unprocessed = exchange.is_some_and(|exchange| self.is_unprocessed(exchange));
                check(!is_unprocessed, "was refused, and was said to be perhaps processed")
            }
            AttemptEnd::Stop => {
                let is_refused = || self.tunnels.iter().any(|tunnel| self.is_refused(tunnel));
                let stops = exchange.map_or_else(is_refused, |exchange| self.stops(exchange));
                check(stops, "what is worth another attempt was given up")
            }
            _ => Err("an end that is not known here".into()),
        }
    }

    /// Never more in flight than lanes.
    fn in_flight(&self, told: &Told) -> Result<(), String> {
        let lanes = usize::from(self.ask.policy.get_lanes());
        told.attempts.iter().try_for_each(|one| {
            let is_with =
                |other: &&Attempted| other.sent <= one.sent && other.ended.is_none_or(|ended| ended > one.sent);
            check(told.attempts.iter().filter(is_with).count() <= lanes, "more attempts in flight than lanes")
        })
    }

    /// The call ended for the reason that its attempts give.
    fn end(&self, told: &Told) -> Result<(), String> {
        let made = self.seen.attempts;
        check(told.attempts.len() == made as usize, "its log and its count differ")?;
        let accepted = told.attempts.iter().find(|attempted| attempted.end == Some(AttemptEnd::Accept));
        check(told.winner == accepted.map(|attempted| attempted.attempt), "what was accepted is not what it returned")?;
        check(told.winner.is_none() == told.reason.is_some(), "it returned, or it gave up")?;
        let Some(reason) = told.reason else { return self.answer(told.winner.unwrap_or(0)) };
        match (&self.seen.answer, told.attempts.iter().filter(|attempted| attempted.status.is_some()).count()) {
            (Ok(answer), 1..) => check(answer.status == 503, "it gave up with an answer that was not to be retried")?,
            (Ok(_), 0) => return Err("it gave up with an answer that nobody had".into()),
            (Err(_), _) => {}
        }
        match reason {
            Reason::Attempts => check(made == self.ask.attempts(), "gave up with attempts left"),
            Reason::NotRepeatable => {
                check(self.ask.method == Method::Post, "it could have been repeated")?;
                let last = told.attempts.iter().find(|attempted| attempted.attempt == made);
                let is_in_time = last.is_some_and(|last| !self.is_out_of_time(last));
                let is_unprocessed = self.exchange(made).is_some_and(|last| self.is_unprocessed(last));
                check(!is_in_time || !is_unprocessed, "it was refused, and could have been repeated")?;
                let is_unsent = self.exchanges.is_empty() && self.is_certainly_unsent(made);
                check(!is_in_time || !is_unsent, "nothing was sent, and it could have been repeated")
            }
            Reason::Stopped => check(
                told.attempts.iter().any(|attempted| attempted.end == Some(AttemptEnd::Stop)),
                "nothing stopped it",
            ),
            Reason::Deadline => {
                let ended = told.attempts.iter().filter_map(|attempted| attempted.ended).max().unwrap_or_default();
                let next = told.elapsed.max(ended + WAIT) + EARLY;
                check(
                    self.ask.policy.get_deadline().is_some_and(|deadline| next >= deadline),
                    "gave up long before its deadline",
                )
            }
            Reason::RetryAfter => {
                let is_asked = told.attempts.iter().any(|attempted| attempted.status == Some(503));
                check(is_asked && self.ask.policy.get_deadline().is_some(), "nobody asked for so long a wait")
            }
            _ => Err(format!("gave up for no reason that it can have: {reason}")),
        }
    }

    /// The answer to this attempt is what the call returned.
    fn answer(&self, attempt: u32) -> Result<(), String> {
        let Ok(Answer { status, body }) = &self.seen.answer else { return Err("returned an error".into()) };
        let Some(exchange) = self.exchange(attempt) else { return Err("returned what never arrived".into()) };
        let expected = match exchange.fault {
            Fault::Early(status) => Expected { status, body: Fault::EARLY.into() },
            _ => Expected::of(self.ask, attempt),
        };
        check(*status == expected.status, "returned another status than the server's")?;
        match body {
            Ok(body) => {
                check(*body == expected.body, "returned another body than the server's")?;
                check(exchange.given == Given::Whole || body.is_empty(), "returned a whole body that was never sent")
            }
            Err(_) => {
                check(!self.ask.whole_body, "returned a body that cannot be read, though it was part of the attempt")?;
                let is_over = self.ask.policy.get_deadline().is_some_and(|deadline| self.seen.took + EARLY >= deadline);
                check(is_over || breaks_off(exchange), "a body that was sent whole could not be read")
            }
        }
    }

    /// A call without a report, and without time: what the proxy did says it all.
    fn plain(&self) -> Result<(), String> {
        let made = self.seen.attempts;
        for exchange in &self.exchanges {
            let is_last = numbers(&exchange.arrival.path).1 == made;
            let is_fine = exchange.given == Given::Whole && exchange.status != Some(503);
            check(is_last || !is_fine, "went on after a whole answer")?;
            check(is_last || !self.stops(exchange), "went on after what is not HTTP")?;
        }
        match (&self.seen.answer, self.exchange(made)) {
            (Ok(answer), _) if answer.status != 503 => self.answer(made),
            (_, Some(exchange)) if self.stops(exchange) => Ok(()),
            (Err(_), None) if self.tunnels.last().is_some_and(|tunnel| self.is_refused(tunnel)) => Ok(()),
            (Err(_), Some(exchange)) if !breaks_off(exchange) => Err("a whole answer was taken for a failure".into()),
            _ => check(made == self.ask.attempts(), "gave up with attempts left"),
        }
    }
}

/// Returns whether its client did not get the whole answer.
fn breaks_off(exchange: &Exchange) -> bool {
    exchange.given < Given::Whole
}
