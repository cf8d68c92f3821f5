//! Whole timelines, as `golden.txt` has them by name, compared with what `play` prints, byte for byte.
//!
//! `INSIST_BLESS=1 cargo test -p insist-tests --test promises golden` writes anew what differs: read every line that
//! changes. All times count from the start of the call, and no jitter is drawn, so that they can be checked by hand.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use insist_core::{Instant, Jitter, Policy, Repeat, Script, Sent, Timeline, Verdict, play, play_with};
use insist_tests::gate::{Answer, Answers, Scripted};
use insist_tests::words::{ACCEPT, RETRY, ms, script};

/// One test at a time writes what differs.
static FILE: Mutex<()> = Mutex::new(());

/// 100 ms, 200 ms, 400 ms …
const POLICY: Policy = Policy::exponential(ms(100)).jitter(Jitter::None).attempts(4);

const HEDGE: Policy = POLICY.lanes(2).hedge_after(ms(50));

/// The timelines of the file, each with its name. What is between two of them is a blank line.
fn written() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path()).expect("the file of the timelines").replace("\r\n", "\n");
    let sections = text.split("# ").skip(1).filter_map(|section| section.split_once('\n'));
    sections.map(|(name, lines)| (name.to_owned(), format!("{}\n", lines.trim_end()))).collect()
}

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promises/golden.txt")
}

#[track_caller]
fn compare(name: &str, timeline: &Timeline) {
    let printed = timeline.to_string();
    let _one = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut written = written();
    let place = written.iter().position(|(other, _)| other == name);
    if std::env::var_os("INSIST_BLESS").is_some_and(|value| value == "1") {
        match place {
            Some(place) => written[place].1.clone_from(&printed),
            None => written.push((name.to_owned(), printed.clone())),
        }
        let sections: Vec<_> = written.iter().map(|(name, lines)| format!("# {name}\n{lines}")).collect();
        std::fs::write(path(), sections.join("\n")).expect("the file can be written");
        return;
    }
    let place = place.unwrap_or_else(|| panic!("{} has no timeline named {name}", path().display()));
    assert_eq!(printed, written[place].1, "{name} differs from {}", path().display());
}

/// Returns what a call does whose gate answers `admit` by a script.
fn gated(policy: &Policy, reserve: &[bool], admit: &[Answer], script: &Script) -> Timeline {
    let notes = std::cell::RefCell::new(Vec::new());
    let answers = Answers { reserve: reserve.to_vec(), admit: admit.to_vec() };
    play_with(policy, &Scripted::new(0, answers, &notes), Repeat::Always, Instant::ZERO, 1, script)
}

#[test]
fn plain_retry() {
    compare("plain_retry", &play(&POLICY, 1, &script(&[(20, RETRY), (30, RETRY), (15, ACCEPT)])));
}

#[test]
fn attempts_run_out() {
    compare("attempts_run_out", &play(&POLICY.attempts(3), 1, &script(&[(20, RETRY), (30, RETRY), (15, RETRY)])));
}

#[test]
fn race_with_a_failing_lane() {
    let policy = POLICY.lanes(3).attempts(6);
    compare(
        "race_with_a_failing_lane",
        &play(&policy, 1, &script(&[(200, ACCEPT), (10, RETRY), (180, ACCEPT), (40, ACCEPT)])),
    );
}

#[test]
fn hedge_beaten_by_the_first() {
    compare("hedge_beaten_by_the_first", &play(&HEDGE, 1, &script(&[(70, ACCEPT), (60, ACCEPT)])));
}

#[test]
fn hedge_that_wins() {
    compare("hedge_that_wins", &play(&HEDGE, 1, &script(&[(900, ACCEPT), (18, ACCEPT)])));
}

#[test]
fn hedge_that_no_backoff_lets_past() {
    compare("hedge_that_no_backoff_lets_past", &play(&HEDGE, 1, &script(&[(20, RETRY), (90, ACCEPT), (30, ACCEPT)])));
}

#[test]
fn deadline_in_backoff() {
    let policy = POLICY.deadline(ms(450));
    compare("deadline_in_backoff", &play(&policy, 1, &script(&[(20, RETRY), (150, RETRY)])));
}

#[test]
fn deadline_in_flight() {
    let policy = HEDGE.deadline(ms(120));
    compare("deadline_in_flight", &play(&policy, 1, &script(&[])));
}

#[test]
fn retry_after() {
    let verdict = RETRY.after(ms(2000));
    compare("retry_after", &play(&POLICY, 1, &script(&[(20, verdict), (30, ACCEPT)])));
}

#[test]
fn retry_after_beyond_the_deadline() {
    let policy = POLICY.deadline(ms(1000));
    let verdict = RETRY.after(ms(980));
    compare("retry_after_beyond_the_deadline", &play(&policy, 1, &script(&[(20, verdict)])));
}

#[test]
fn attempt_timeout() {
    let policy = POLICY.attempt_timeout(ms(80)).deadline(ms(300));
    compare("attempt_timeout", &play(&policy, 1, &script(&[(500, ACCEPT), (80, RETRY)])));
}

#[test]
fn hedge_on_failure() {
    let policy = POLICY.lanes(3).lane_attempts(1).hedge_after(ms(50)).hedge_on_failure(true);
    let hinted = RETRY.after(ms(25));
    compare("hedge_on_failure", &play(&policy, 1, &script(&[(10, RETRY), (30, hinted), (5, ACCEPT)])));
}

#[test]
fn stop() {
    let policy = POLICY.lanes(2);
    compare("stop", &play(&policy, 1, &script(&[(40, ACCEPT), (10, Verdict::Stop)])));
}

#[test]
fn not_repeatable() {
    let unsent = RETRY.sent(Sent::No);
    let script = script(&[(10, unsent), (20, RETRY)]);
    compare("not_repeatable", &play_with(&HEDGE, &(), Repeat::IfUnsent, Instant::ZERO, 1, &script));
}

#[test]
fn refused_hedge() {
    let policy = HEDGE.lanes(3);
    compare("refused_hedge", &gated(&policy, &[false, true], &[], &script(&[(500, ACCEPT), (80, ACCEPT)])));
}

#[test]
fn refused_retry() {
    let admit = [Answer::Yes, Answer::In(40_000_000), Answer::No];
    compare("refused_retry", &gated(&POLICY, &[], &admit, &script(&[(20, RETRY)])));
}

#[test]
fn ties_at_one_instant() {
    // At 100 ms: attempt 2 fails, attempt 1 has had its time, and lane 2 would be hedged.
    let policy = POLICY.attempts(4).lanes(3).hedge_after(ms(50)).attempt_timeout(ms(100)).deadline(ms(300));
    compare("ties_at_one_instant", &play(&policy, 1, &script(&[(500, ACCEPT), (50, RETRY)])));
}

#[test]
fn answers_at_the_last_instant() {
    // Both answer at their timeout, which is the deadline too: the lower id counts.
    let policy = POLICY.lanes(2).attempt_timeout(ms(100)).deadline(ms(100));
    compare("answers_at_the_last_instant", &play(&policy, 1, &script(&[(100, ACCEPT), (100, ACCEPT)])));
}

#[test]
fn stuck() {
    compare("stuck", &play(&HEDGE, 1, &Script::new()));
}

#[test]
fn every_timeline_of_the_file_has_its_test() {
    let tests = include_str!("golden.rs");
    for (name, _) in written() {
        assert!(tests.contains(&format!("\"{name}\"")), "{name} belongs to no test");
    }
}
