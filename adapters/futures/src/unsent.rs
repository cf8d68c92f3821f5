//! Attempts that have sent nothing yet: they are withdrawn before the machine would stop them, for it would take them for
//! sent.

use core::pin::Pin;

use insist_core::{Instant, IntoTerms, Withdrawn};

use crate::machine::Machine;
use crate::operation::Operation;
use crate::room::Room;
use crate::run::CallOf;
use crate::slots::Slots;

/// Withdraws what has sent nothing and is to be stopped now: because its time is up, or because the call is over.
#[inline(never)]
pub(crate) fn withdraw<O: Operation, S: IntoTerms, R: Room>(
    call: &mut CallOf<S, R>,
    mut slots: Pin<&mut R::Slots<O::Future>>,
    operation: &mut O,
    now: Instant,
    mut tell: impl FnMut(Withdrawn),
) {
    let mut looked_at = 0;
    while let Some((id, lane)) = call.in_flight_after(looked_at) {
        looked_at = id;
        let until = slots.as_mut().ask(lane, O::unsent_until);
        if until.is_some_and(|until| until <= now || call.is_over()) {
            slots.as_mut().take(lane, |attempt| operation.take_back(attempt));
            tell(Withdrawn::new(id, call.withdraw(now, id)));
        }
    }
}
