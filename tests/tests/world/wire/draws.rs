//! Draws what the proxy does to each request, from the seed and the numbers of the call and the attempt.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use insist_tests::proxy::{Arrival, Fault};

use super::ask::{Ask, TIMEOUT, call_of, is_connect, numbers, random};

/// The faults of a round.
pub(crate) struct Draws {
    seed: u64,
    over_tls: bool,
    /// The number of tunnels that each call has asked for: they do not say for which attempt they are.
    tunnels: Mutex<HashMap<u32, u32>>,
}

impl Draws {
    pub(crate) fn new(seed: u64, over_tls: bool) -> Self {
        Self { seed, over_tls, tunnels: Mutex::default() }
    }

    /// Draws what happens to a request: to one in three, something.
    pub(crate) fn fault(&self, arrival: &Arrival) -> Fault {
        let call = call_of(arrival);
        let fault = if is_connect(arrival) {
            let number = {
                let mut tunnels = self.tunnels.lock().unwrap_or_else(PoisonError::into_inner);
                let number = tunnels.entry(call).or_default();
                *number += 1;
                *number
            };
            of_tunnel(&mut random(self.seed, 4, call, number), self.over_tls)
        } else {
            let (_, attempt) = numbers(&arrival.path);
            of_request(&mut random(self.seed, 2, call, attempt), &arrival.method)
        };
        match fault {
            // Such a call would wait for ever.
            fault if fault.is_slow() && Ask::draw(self.seed, call).is_plain => Fault::None,
            fault => fault,
        }
    }
}

fn of_request(random: &mut fastrand::Rng, method: &str) -> Fault {
    // Those of long uploads are rare enough.
    if matches!(method, "PUT" | "POST") && random.u8(..8) == 0 {
        return Fault::Early(if random.bool() { 503 } else { 413 });
    }
    if random.u8(..3) > 0 { Fault::None } else { Fault::draw(random, TIMEOUT) }
}

/// Draws what happens to a tunnel that is asked for.
fn of_tunnel(random: &mut fastrand::Rng, over_tls: bool) -> Fault {
    if random.u8(..3) > 0 {
        return Fault::None;
    }
    match random.u8(..if over_tls { 9 } else { 8 }) {
        0 => Fault::Early(407),
        1 => Fault::Early(403),
        2 => Fault::Early(503),
        3 => Fault::Early(429),
        4 => Fault::CloseRead,
        5 => Fault::ResetUnread,
        6 => Fault::CutHead(random.u16(..)),
        7 => Fault::Stall,
        // In the handshake.
        _ => Fault::CloseIdle(Duration::from_micros(random.u64(..2_000))),
    }
}
