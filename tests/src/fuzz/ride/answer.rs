//! How attempts end, and what has to follow.

use insist_core::{Action, Call, CancelReason, Gate, Handled, Instant, Policy, Reason, Sent, Verdict};

use super::super::ledger::Ledger;
use super::super::plan::Words;
use super::{ALWAYS, NEVER, Ride};

impl Ride {
    /// An attempt ends, or time goes on.
    pub(super) fn answer<G: Gate, const LANES: usize>(
        &mut self,
        call: &mut Call<&Policy, &Ledger<G>, LANES>,
        action: Action,
        words: &mut Words<'_>,
    ) {
        let Action::Wait { until, .. } = action else { return };
        let oldest = self.in_flight.first().copied();
        match (oldest, words.below(4)) {
            (Some(id), 1) if words.is_rare(64) => self.withdraw(call, id),
            (Some(id), 0..=1) => {
                let verdict = words.verdict();
                self.handle(call, id, verdict);
            }
            (_, 2) => self.now = self.now.saturating_sub(words.span()),
            (_, 3) => self.now = self.clock.saturating_add(words.span()),
            (None, _) => self.now = until.map_or(self.now, Instant::as_nanos),
            _ => {}
        }
    }

    /// Takes back an attempt that was never sent, of which nothing is known of the server.
    fn withdraw<G: Gate, const LANES: usize>(&mut self, call: &mut Call<&Policy, &Ledger<G>, LANES>, id: u32) {
        self.clock = self.clock.max(self.now);
        let was_over = call.is_over();
        let handled = call.withdraw(Instant::from_nanos(self.now), id);
        self.in_flight.retain(|other| *other != id);
        self.withdrawn += 1;
        let is_right = match handled {
            Handled::Retry { due } => !was_over && due.as_nanos() >= self.clock && due.as_nanos() < self.deadline,
            Handled::LaneEnded { .. } => !call.is_over(),
            Handled::Over => call.is_over(),
            _ => false,
        };
        assert!(is_right, "law 3: what was withdrawn is {handled:?}");
        self.is_over = call.is_over();
    }

    fn handle<G: Gate, const LANES: usize>(
        &mut self,
        call: &mut Call<&Policy, &Ledger<G>, LANES>,
        id: u32,
        verdict: Verdict,
    ) {
        self.clock = self.clock.max(self.now);
        let was_over = call.is_over();
        let handled = call.handle(Instant::from_nanos(self.now), id, verdict);
        if was_over {
            assert_eq!(handled, Handled::Late, "law 3");
            return;
        }
        self.in_flight.retain(|other| *other != id);
        self.last = id;
        let is_over = match verdict {
            Verdict::Accept => {
                self.losers = Some(CancelReason::Lost);
                self.returned = Some(id);
                true
            }
            Verdict::Stop => {
                self.is_spent |= self.repeat != ALWAYS;
                self.losers = Some(CancelReason::Lost);
                self.reason = Some(Reason::Stopped);
                true
            }
            Verdict::Retry(failure) => {
                self.is_spent |= self.repeat == NEVER || (self.repeat != ALWAYS && failure.sent == Sent::Maybe);
                call.is_over()
            }
            other => panic!("{other:?} is new here"),
        };
        match handled {
            Handled::Over => assert!(is_over, "law 3: it is said to be over"),
            Handled::Retry { due } => {
                let due = due.as_nanos();
                assert!(!is_over && due >= self.clock && due < self.deadline, "law 6: the retry is due at {due}");
            }
            Handled::LaneEnded { .. } => assert!(!is_over, "law 3: it is over, and only a lane is said to be"),
            other => panic!("law 3: the verdict is {other:?}"),
        }
        self.is_over = is_over;
    }
}
