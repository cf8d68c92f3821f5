#![no_std]

use core::time::Duration;

use insist::machine::{Action, Call, Instant};
use insist::{Policy, Verdict};

const POLICY: Policy = Policy::exponential(Duration::from_millis(50)).attempts(5).deadline(Duration::from_secs(2));

pub trait Radio {
    fn now_ms(&self) -> u64;
    fn sleep_until_ms(&mut self, until: u64);
    fn send(&mut self, packet: &[u8]) -> bool;
}

fn now(radio: &impl Radio) -> Instant {
    Instant::from_nanos(radio.now_ms() * 1_000_000)
}

pub fn deliver(radio: &mut impl Radio, packet: &[u8], seed: u64) -> bool {
    let mut call = Call::new(&POLICY, (), now(radio), seed);
    loop {
        match call.poll(now(radio)) {
            Action::Send(attempt) => {
                let verdict = if radio.send(packet) { Verdict::Accept } else { Verdict::retry() };
                call.handle(now(radio), attempt.id, verdict);
            }
            Action::Wait { until: Some(until), .. } => radio.sleep_until_ms(until.as_nanos().div_ceil(1_000_000)),
            Action::Wait { until: None, .. } | Action::Cancel { .. } => {}
            Action::Return(_) => return true,
            Action::GiveUp(_) => return false,
        }
    }
}
