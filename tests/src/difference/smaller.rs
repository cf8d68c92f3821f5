//! Smaller plans that a plan can be made into, one change each, the largest first.

use core::time::Duration;

use insist_core::{AtEnd, Failure, Hint, Jitter, List, Policy, Repeat, Shape, Verdict};

use crate::gate::{Answers, Made};
use crate::plan::{Move, Plan, Shift};
use crate::world;

/// Each plan that is smaller by one change.
pub(super) fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    let mut length = plan.moves.len();
    while length > 0 {
        for start in (0..plan.moves.len()).step_by(length) {
            let end = plan.moves.len().min(start + length);
            let moves = [&plan.moves[..start], &plan.moves[end..]].concat();
            all.push(Plan { moves, ..plan.clone() });
        }
        length /= 2;
    }
    all.push(Plan { answers: Default::default(), made: Made::Alone, ..plan.clone() });
    all.push(Plan { hedge: Vec::new(), ..plan.clone() });
    all.push(Plan { made: Made::Alone, ..plan.clone() });
    for gate in 0..plan.answers.len() {
        for answers in shorter(&plan.answers[gate]) {
            let mut with = plan.clone();
            with.answers[gate] = answers;
            all.push(with);
        }
    }
    all.push(Plan { start: 0, ..plan.clone() });
    all.push(Plan { seed: 0, ..plan.clone() });
    all.push(Plan { room: world::ROOM, ..plan.clone() });
    all.push(Plan { repeat: Repeat::Always, ..plan.clone() });
    all.extend(simpler_policies(&plan.policy).into_iter().map(|policy| Plan { policy, ..plan.clone() }));
    all.extend(simpler_verdicts(plan.last).into_iter().map(|last| Plan { last, ..plan.clone() }));
    for (index, planned) in plan.moves.iter().enumerate() {
        for simpler in simpler_moves(*planned) {
            let mut with = plan.clone();
            with.moves[index] = simpler;
            all.push(with);
        }
    }
    all.retain(|smaller| smaller != plan);
    all
}

fn shorter(answers: &Answers) -> Vec<Answers> {
    let without = |list: &[bool], at: usize| [&list[..at], &list[at + 1..]].concat();
    let reserve = (0..answers.reserve.len()).map(|at| without(&answers.reserve, at));
    let mut all = vec![Answers::default()];
    all.extend(reserve.map(|reserve| Answers { reserve, ..answers.clone() }));
    all.extend((0..answers.admit.len()).map(|at| {
        let mut admit = answers.admit.clone();
        admit.remove(at);
        Answers { admit, ..answers.clone() }
    }));
    all
}

fn simpler_policies(policy: &Policy) -> Vec<Policy> {
    let lanes = policy.get_lanes();
    let attempts = policy.get_attempts().unwrap_or(16);
    let second = Duration::from_secs(1);
    vec![
        policy.jitter(Jitter::None),
        policy.lanes(1),
        policy.lanes(lanes.saturating_sub(1)),
        policy.hedge_after(Duration::ZERO),
        policy.hedge_after(second),
        policy.hedge_on_failure(false),
        policy.attempts(attempts / 2),
        policy.attempts(attempts.saturating_sub(1)),
        policy.lane_attempts(u32::MAX),
        policy.no_cap(),
        policy.floor(Duration::ZERO),
        policy.attempt_timeout(Duration::MAX),
        policy.attempt_timeout(second),
        policy.deadline(Duration::MAX),
        policy.deadline(4 * second),
        policy.hint_limit(Duration::MAX),
        policy.hint_spread(0.0),
        policy.restart_after_hint(false),
        policy.separate_targets(false),
        policy.unsent_attempts(0),
        policy.shape(Shape::Zero),
        policy.shape(Shape::Constant { base: second }),
        policy.shape(Shape::List { delays: List::new(&[second]), at_end: AtEnd::Stop }),
    ]
}

fn simpler_verdicts(verdict: Verdict) -> Vec<Verdict> {
    let mut all = vec![Verdict::Accept, Verdict::retry()];
    if let Verdict::Retry(Failure { hint: Some(Hint::Exactly(wait)), .. }) = verdict {
        all.push(Verdict::retry().after(wait));
    }
    if let Verdict::Retry(Failure { hint: Some(_), .. }) = verdict {
        all.push(Verdict::retry().after(Duration::from_secs(2)));
    }
    // In this order, so that nothing is made simpler for ever.
    let at = all.iter().position(|simpler| *simpler == verdict).unwrap_or(all.len());
    all.truncate(at);
    all
}

fn simpler_moves(planned: Move) -> Vec<Move> {
    let shifts = [Shift::Stay, Shift::Due];
    let simpler = |shift: Shift| shifts.into_iter().take_while(move |other| *other != shift);
    match planned {
        Move::Poll(shift) => simpler(shift).map(Move::Poll).chain([Move::Drive(shift)]).collect(),
        Move::Drive(shift) => simpler(shift).map(Move::Drive).collect(),
        Move::Suspend(shift) => simpler(shift).map(Move::Suspend).collect(),
        Move::Operate(before, change, after) => {
            let sooner = simpler(before).map(|shift| Move::Operate(shift, change, after));
            sooner.chain(simpler(after).map(|shift| Move::Operate(before, change, shift))).collect()
        }
        Move::End(pick, shift, verdict) => {
            let sooner = simpler(shift).map(|shift| Move::End(pick, shift, verdict));
            let plainer = simpler_verdicts(verdict).into_iter().map(|verdict| Move::End(pick, shift, verdict));
            let first = (pick > 0).then_some(Move::End(0, shift, verdict));
            first.into_iter().chain(sooner).chain(plainer).collect()
        }
        Move::Withdraw(pick, shift) => {
            let first = (pick > 0).then_some(Move::Withdraw(0, shift));
            first.into_iter().chain(simpler(shift).map(|shift| Move::Withdraw(pick, shift))).collect()
        }
        Move::Stray(..) | Move::Cancel | Move::Drop => Vec::new(),
    }
}
