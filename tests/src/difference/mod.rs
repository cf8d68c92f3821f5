//! Where the machine and the model differ: looked for in random calls, made small, and told so that `insist replay`
//! shows it.

mod deck;
mod replay;
mod smaller;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use insist_core::Instant;
use insist_core::duration::Text;

use crate::plan::Plan;
use crate::record::{Broken, Record, What};
use crate::{model, world};
use deck::Deck;
use smaller::smaller;

pub use replay::{Replay, Shown};

/// Sets how many smaller plans are tried.
const EFFORT: u32 = 20_000;

/// Changes the policy, seed or repeat that the model is told, which makes it wrong about a law.
pub type Slip = fn(&mut Record);

/// The model as it is.
pub const NO_SLIP: Slip = |_| {};

/// Says where the machine and the model differ.
#[derive(Debug)]
pub struct Difference {
    /// The smallest call that was found.
    pub plan: Plan,
    /// Holds what happened to it until then; nothing if the machine or the model panicked.
    pub record: Record,
    /// Says where they differ, and how.
    pub broken: Broken,
    /// The call as `insist replay` reads it.
    pub replay: Replay,
}

/// Runs random calls until there is enough, and gives the first difference, made small. The number picks the calls.
pub fn hunt(number: u64, slip: Slip, mut is_enough: impl FnMut(&Record) -> bool) -> Option<Difference> {
    let mut deck = Deck::new(number);
    loop {
        match look(deck.plan(), slip) {
            Ok(record) if is_enough(&record) => return None,
            Ok(_) => {}
            Err(difference) => return Some(smallest(*difference, slip)),
        }
    }
}

/// Runs a plan's call beside the model.
///
/// # Errors
///
/// Where they differ.
pub fn look(plan: Plan, slip: Slip) -> Result<Record, Box<Difference>> {
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let mut record = world::run(&plan);
        slip(&mut record);
        let checked = model::check(&record);
        let Plan { policy, seed, repeat, .. } = plan;
        (Record { policy, seed, repeat, ..record }, checked)
    }));
    let (mut record, broken) = match looked {
        Ok((record, Ok(()))) => return Ok(record),
        Ok((record, Err(broken))) => (record, broken),
        Err(panic) => {
            let Plan { policy, seed, repeat, room, .. } = plan;
            let why = format!("it panicked: {}", message(&*panic));
            (Record { policy, seed, repeat, room, steps: Vec::new() }, Broken { step: 0, why })
        }
    };
    record.steps.truncate(broken.step + 1);
    let replay = Replay::of(&plan, &record, slip);
    Err(Box::new(Difference { plan, record, broken, replay }))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// Tries smaller plans; once a replay shows the difference, only those of which one does.
fn smallest(first: Difference, slip: Slip) -> Difference {
    let mut best = first;
    let mut effort = EFFORT;
    'smaller: loop {
        for plan in smaller(&best.plan) {
            if effort == 0 {
                return best;
            }
            effort -= 1;
            match look(plan, slip) {
                Err(found) if found.replay.shown.is_some() || best.replay.shown.is_none() => {
                    best = *found;
                    continue 'smaller;
                }
                _ => {}
            }
        }
        return best;
    }
}

/// The step, how to see it, and all that is known.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, record, broken, replay } = self;
        match record.steps.get(broken.step) {
            Some(step) => {
                writeln!(f, "the machine and the laws differ at step {}, {}:", broken.step, At(step.at, &step.what))?;
                writeln!(f, "{}\n", broken.why)?;
            }
            None => writeln!(f, "the machine and the laws differ: {}\n", broken.why)?,
        }
        writeln!(f, "{replay}")?;
        writeln!(f, "the plan: {plan:?}\n")?;
        write!(f, "what happened: {record}")
    }
}

/// When something was done, and what.
struct At<'a>(Instant, &'a What);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_start = self.0.saturating_since(Instant::ZERO);
        write!(f, "at {}, {:?}", Text(since_start), self.1)
    }
}
