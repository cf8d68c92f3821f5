//! What can be known of a call at each step of its record: what is in flight, what is promised, what has opened.
//! It is read from sends, cancels, verdicts and the gate's answers alone.

mod follow;

use insist_core::{Admission, CancelReason, Cause, Hint, Policy, Repeat, Sent};

use crate::expected::nanos;
use crate::record::{Broken, Did, Record, Sending, Step};

/// What can be known of a call between two steps.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// What the call goes by.
    pub policy: &'a Policy,
    /// What its waits are drawn from.
    pub seed: u64,
    /// Which failures may be repeated.
    pub repeat: Repeat,
    /// The latest instant.
    pub clock: u64,
    /// When the call has to end.
    pub deadline: Option<u64>,
    /// What is in flight, by id.
    pub flights: Vec<Flight>,
    /// Waits that the gate let pass.
    pub promises: Vec<Promise>,
    /// Sends, the first of which has the id 1.
    pub sent: Vec<Sending>,
    /// How many of them were made before the call was revived: limits do not count them.
    pub forgiven: usize,
    /// Whether lane 0 is still to make its first send.
    pub is_first_due: bool,
    /// Lanes that have opened, or were refused and never will.
    pub opened: usize,
    /// When the last of them did.
    pub last_opening: u64,
    /// When lanes open because of failures, in order.
    pub openings: Vec<u64>,
    /// The gate said that no lane opens before this.
    pub held: u64,
    /// The gate said that the first send does not come before this.
    pub first_held: u64,
    /// The lane's wait before each of its last sends at most, by lane.
    pub waited: [u64; 256],
    /// The attempt that was last handled with a verdict that counted.
    pub last: Option<u32>,
    /// Whether the call was over.
    pub is_over: bool,
    /// Why whatever is in flight has to be cancelled then; `None` if nothing can be.
    pub losers: Option<CancelReason>,
    /// The terminal action.
    pub end: Option<Did>,
    /// Whether all of this is known. It is not after a call was resumed with `hedge_on_failure`, or
    /// after a send or a refund that may have been that of one wait or of another.
    pub is_sure: bool,
}

/// An attempt that is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// What was sent.
    pub sending: Sending,
    /// When.
    pub at: u64,
    /// What the gate was told that it is for.
    pub cause: Cause,
}

/// A wait for a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// When the gate let it pass.
    pub reserved: u64,
    /// What the gate was told that it is for.
    pub cause: Cause,
    /// What it waits for and since when; not known of a wait that was reserved anew.
    pub since: Option<Since>,
    /// The gate said: not before this.
    pub held: u64,
    /// Whether it certainly was this wait that the gate held.
    pub is_held_surely: bool,
}

/// The failure that a wait follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// The lane.
    pub lane: u8,
    /// The number of the retry.
    pub number: u32,
    /// When the attempt before it failed.
    pub failed: u64,
    /// The hint, if it counts.
    pub hint: Option<Hint>,
}

impl Record {
    /// The first step, by its number, for which this finds something wrong, given what was known before and after.
    ///
    /// # Errors
    ///
    /// That step, and what is wrong.
    pub fn walk(
        &self,
        mut wrong: impl FnMut(&Reading<'_>, &Step, &Reading<'_>) -> Option<String>,
    ) -> Result<(), Broken> {
        let mut before = Reading::new(self);
        self.find(|_, step| {
            let mut after = before.clone();
            after.follow(step);
            let why = wrong(&before, step, &after);
            before = after;
            why
        })
    }
}

impl<'a> Reading<'a> {
    fn new(record: &'a Record) -> Self {
        let start = record.steps.first().map_or(0, |step| step.at.as_nanos());
        let policy = &record.policy;
        Self {
            policy,
            seed: record.seed,
            repeat: record.repeat,
            clock: start,
            deadline: policy.get_deadline().and_then(|span| start.checked_add(nanos(span))).filter(|at| *at < u64::MAX),
            flights: Vec::new(),
            promises: Vec::new(),
            sent: Vec::new(),
            forgiven: 0,
            is_first_due: record.steps.first().is_some_and(|step| !step.is_over),
            opened: 1,
            last_opening: 0,
            openings: Vec::new(),
            held: 0,
            first_held: 0,
            waited: [0; 256],
            last: None,
            is_over: false,
            losers: None,
            end: None,
            is_sure: true,
        }
    }

    /// Whether the call may open further lanes, and has one.
    #[must_use]
    pub fn has_unopened_lane(&self) -> bool {
        self.repeat == Repeat::Always && self.opened < usize::from(self.policy.get_lanes())
    }

    /// Sends since the call began, or was revived.
    #[must_use]
    pub fn alive(&self) -> &[Sending] {
        &self.sent[self.forgiven..]
    }

    /// Whether the deadline has come.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= self.clock)
    }

    /// Sends that were made or promised.
    #[must_use]
    pub fn spent(&self) -> u64 {
        let promised = self.promises.len() + self.openings.len() + usize::from(self.is_first_due);
        (self.alive().len() + promised) as u64
    }

    /// Whether there is a send that nobody was promised.
    #[must_use]
    pub fn has_attempt_left(&self) -> bool {
        self.policy.get_attempts().is_none_or(|most| self.spent() < u64::from(most))
    }

    /// Whether some lane can go on.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        let is_race = self.policy.get_hedge_after().is_zero();
        let has_open = self.is_first_due || !self.flights.is_empty() || !self.promises.is_empty();
        let can_open = is_race && self.has_unopened_lane() && self.has_attempt_left();
        has_open || !self.openings.is_empty() || can_open
    }

    /// How many sends a lane made.
    #[must_use]
    pub fn sends_of(&self, lane: u8) -> u64 {
        self.alive().iter().filter(|sending| sending.lane == lane).count() as u64
    }

    /// Whether a send at that instant comes before the deadline, and before never.
    #[must_use]
    pub fn is_in_time(&self, at: u64) -> bool {
        at < self.deadline.unwrap_or(u64::MAX)
    }

    /// Whether the machine has to take this answer as a no.
    #[must_use]
    pub fn refuses(&self, admission: Admission) -> bool {
        match admission {
            Admission::Yes => false,
            Admission::No(_) => true,
            Admission::NotBefore(at) => at.as_nanos() <= self.clock || !self.is_in_time(at.as_nanos()),
        }
    }

    /// The wait that a hint asks for; `None` if it is too long.
    #[must_use]
    pub fn hinted(&self, hint: Option<Hint>) -> Option<u64> {
        let wait = hint.map_or(0, |hint| nanos(hint.span()));
        let fits = self.policy.get_hint_limit().is_none_or(|limit| wait <= nanos(limit));
        let is_in_time = self.clock.checked_add(wait).is_some_and(|at| self.is_in_time(at));
        (wait == 0 || (fits && is_in_time)).then_some(wait)
    }

    /// Whether this failure may be repeated.
    #[must_use]
    pub fn may_repeat(&self, sent: Sent) -> bool {
        match self.repeat {
            Repeat::Always => true,
            Repeat::IfUnsent => sent == Sent::No,
            _ => false,
        }
    }

    /// The oldest attempt in flight.
    #[must_use]
    pub fn oldest(&self) -> Option<Flight> {
        self.flights.iter().copied().min_by_key(|flight| flight.sending.id)
    }

    /// The promise that a retry in this lane takes up, which the gate admitted for this cause: its own, or one whose lane
    /// is not known.
    #[must_use]
    pub fn promise_of(&self, lane: u8, admitted: Option<Cause>) -> Option<usize> {
        let is_own = |promise: &Promise| promise.since.is_some_and(|since| since.lane == lane);
        let own = self.promises.iter().position(is_own);
        let may_be = |promise: &Promise| promise.since.is_none() && admitted.is_none_or(|cause| cause == promise.cause);
        own.or_else(|| self.promises.iter().position(may_be))
    }

    /// Whether another promise whose lane is not known might as well have been meant.
    fn is_guess(&self, index: usize) -> bool {
        let chosen = &self.promises[index];
        let unlike =
            |other: &Promise| other.since.is_none() && other.cause == chosen.cause && other.reserved != chosen.reserved;
        chosen.since.is_none() && self.promises.iter().any(unlike)
    }
}
