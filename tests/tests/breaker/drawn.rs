//! The breaker's states under a server that fails, recovers and fails, drawn as text and compared with a file.
//!
//! `INSIST_BLESS=1 cargo test -p insist-tests --test breaker` writes the file anew: read every line that changes.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use insist_core::{Action, Breaker, BreakerState, Jitter, Policy, Repeat, Script, Verdict, play_with};
use insist_tests::by_hand::ms;

use super::at;

/// What a server does from second to second.
fn is_well(second: u64) -> bool {
    !(10..22).contains(&second) && !(40..45).contains(&second)
}

const fn letter(state: BreakerState) -> char {
    match state {
        BreakerState::Closed { .. } => '_',
        BreakerState::Open { .. } => '#',
        _ => '?',
    }
}

/// One call a quarter of a second, each of at most two attempts.
#[test]
fn a_server_that_fails_recovers_and_fails() {
    let policy = Policy::constant(ms(20)).jitter(Jitter::None).attempts(2);
    let breaker = Breaker::new(0.5).window(Duration::from_secs(5)).open_for(Duration::from_secs(4)).probes(2, 2);
    let mut text = String::from(
        "Four calls a second, each of at most two attempts. The breaker opens at a ratio of 0.5 of at least 20\n\
         attempts in 5 s, for 4 s; then two probes have to succeed. Closed _, open #, half-open ?.\n\n\
         second  server  breaker  sent  what the breaker says at the end of the second\n",
    );
    for second in 0..60 {
        let (mut line, mut sent) = (String::new(), 0);
        for quarter in 0..4 {
            let start = second * 1000 + quarter * 250;
            let verdict = if is_well(second) { Verdict::Accept } else { Verdict::retry() };
            let script = Script::new().outcome(1, ms(30), verdict).outcome(2, ms(30), verdict);
            let timeline = play_with(&policy, &breaker, Repeat::Always, at(start), 1, &script);
            sent += timeline.steps.iter().filter(|step| matches!(step.action, Action::Send(_))).count();
            line.push(letter(breaker.state(at(start + 249))));
        }
        let server = if is_well(second) { "well" } else { "fails" };
        let state = breaker.state(at(second * 1000 + 999));
        writeln!(text, "{second:>6}  {server:<6}  {line:<7}  {sent:>4}  {state}").expect("a string takes anything");
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/breaker/timelines/fails_recovers_fails.txt");
    if std::env::var_os("INSIST_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).expect("the file can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!(text, written, "it differs from {}", path.display());
}
