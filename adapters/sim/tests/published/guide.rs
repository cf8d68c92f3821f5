//! The pictures of the guide's chapter are drawn from what the worlds give, so they cannot go stale. `INSIST_BLESS=1` draws
//! them anew.

use std::fmt::Write;
use std::time::Duration;

use insist_core::{Budget, Jitter, Policy};
use insist_sim::theory;

use super::aws_jitter::{EXPONENTIAL, clamped, measured};
use super::order_statistics::{P95, run as tail};
use super::sre_chapter_21::{asked, load};
use super::{metastable_failures as hotos, osdi_classes as osdi, queues, token_bucket};

const CHAPTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/16-simulating.md");
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws numbers as a line of bars, up to the most.
fn line(numbers: &[f64], most: f64) -> String {
    let bar = |number: &f64| BARS[((number / most * 7.0).round() as usize).min(7)];
    numbers.iter().map(bar).collect()
}

/// Draws a number as a bar, in cells of the most.
fn bar(number: f64, most: f64) -> String {
    "█".repeat(((number / most * 40.0).round() as usize).max(1))
}

/// Says when a world is well again.
fn well(outcome: &insist_sim::Outcome) -> String {
    match outcome.recovers {
        None => "not well in the run".into(),
        Some(Duration::ZERO) => "well at once".into(),
        Some(span) => format!("well after {:.0} s", span.as_secs_f64()),
    }
}

fn aws_curves() -> String {
    let clients: Vec<u32> = (1..=19).map(|tens| tens * 10).collect();
    type Measure = fn(u32) -> (f64, f64);
    let curves: [(&str, Measure, f64, f64); 5] = [
        ("none", |clients| measured(Policy::zero(), clients, 5), 8006.0, 3538.0),
        ("exponential", |clients| measured(EXPONENTIAL.jitter(Jitter::None), clients, 5), 5161.5, 101_283.0),
        ("equal jitter", |clients| measured(EXPONENTIAL.jitter(Jitter::Equal), clients, 5), 1760.2, 9415.0),
        ("full jitter", |clients| measured(EXPONENTIAL.jitter(Jitter::Full), clients, 5), 1771.7, 7460.0),
        ("decorrelated", |clients| measured(clamped(), clients, 5), 2435.3, 7907.0),
    ];
    let found = curves.map(|(_, measure, ..)| clients.iter().map(|clients| measure(*clients)).collect::<Vec<_>>());
    let mut text = String::from(
        "              writes, 10 to 190 clients  at 190  article   until the last is done  at 190  article\n",
    );
    for ((name, _, writes, time), points) in curves.iter().zip(&found) {
        let all_writes: Vec<f64> = points.iter().map(|point| point.1).collect();
        let all_times: Vec<f64> = points.iter().map(|point| point.0).collect();
        let (last_time, last_writes) = points[18];
        let _ = writeln!(
            text,
            "{name:<12}  {:<25}  {last_writes:>6.0}  {writes:>7.0}   {:<22}  {:>5.1}s  {:>6.1}s",
            line(&all_writes, 8006.0),
            line(&all_times, 101_283.0),
            last_time / 1000.0,
            time / 1000.0
        );
    }
    text
}

fn metastable() -> String {
    let world = hotos::world(280.0, 200);
    let mut text = String::new();
    let runs = [
        ("no retry", world.run(&insist_sim::Candidate::new("", hotos::POLICY.attempts(1)), 7).unwrap()),
        ("one retry", hotos::run(&world, || ())),
        ("budget 0.1", hotos::run(&world, || Budget::new(0.1).with_reserve(0))),
        ("budget 0.01", hotos::run(&world, || Budget::new(0.01).with_reserve(0))),
    ];
    for (name, outcome) in runs {
        let of = |number: fn(&insist_sim::Slice) -> u64| -> Vec<f64> {
            outcome.slices.chunks(5).map(|slices| slices.iter().map(number).sum::<u64>() as f64 / 1400.0).collect()
        };
        let recovers = well(&outcome);
        let _ = writeln!(text, "{name:<12} successes  {}  {recovers}", line(&of(|slice| slice.succeeded), 1.0));
        let _ = writeln!(text, "{:<12} sends      {}", "", line(&of(|slice| slice.sends), 2.0));
    }
    text
}

fn classes() -> String {
    let limited = || osdi::thrashing().queue(40);
    let runs = [
        ("surge, retries", osdi::surge(osdi::servers()), osdi::retried()),
        ("  with a budget", osdi::surge(osdi::servers()), osdi::budgeted()),
        ("loss, retries", osdi::loss(osdi::servers()), osdi::retried()),
        ("  with a budget", osdi::loss(osdi::servers()), osdi::budgeted()),
        ("surge, thrashing", osdi::surge(osdi::thrashing()), osdi::once()),
        ("  with a limit", osdi::surge(limited()), osdi::once()),
        ("loss, thrashing", osdi::loss(osdi::thrashing()), osdi::once()),
        ("  with a limit", osdi::loss(limited()), osdi::once()),
    ];
    let mut text = String::new();
    for (name, world, candidate) in runs {
        let outcome = osdi::run(&world, &candidate);
        let share = |slices: &[insist_sim::Slice]| {
            let calls: u64 = slices.iter().map(|slice| slice.calls).sum();
            slices.iter().map(|slice| slice.succeeded).sum::<u64>() as f64 / calls.max(1) as f64
        };
        let shares: Vec<f64> = outcome.slices.chunks(5).take(30).map(share).collect();
        let recovers = well(&outcome);
        let _ = writeln!(text, "{name:<16}  {}  {recovers}", line(&shares, 1.0));
    }
    text
}

fn layers() -> String {
    let mut text = String::new();
    for (layers, attempts) in [(1, 3), (2, 3), (3, 3), (3, 4)] {
        let asked = asked(layers, attempts) as f64;
        let plural = if layers == 1 { "" } else { "s" };
        let _ = writeln!(text, "{layers} layer{plural:<1} of {attempts} attempts  {asked:>3}  {}", bar(asked, 64.0));
    }
    text.push('\n');
    for (name, failure, gated) in [("half fail", 0.5, false), ("all fail", 1.0, false), ("budget 0.1", 1.0, true)] {
        let load = if gated { load(failure, || Budget::new(0.1).with_reserve(0)) } else { load(failure, || ()) };
        let _ = writeln!(text, "{name:<21}  {load:.2} sends a call  {}", bar(load, 4.0));
    }
    text
}

fn buckets() -> String {
    let failures = [0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0];
    let mut text = String::from("failures               1 %    5 %   10 %   20 %   30 %   50 %   70 %  100 %\n");
    let mut rows = |name: &str, outcome: &dyn Fn(f64) -> (f64, f64)| {
        let found = failures.map(outcome);
        let numbers = |part: &dyn Fn((f64, f64)) -> String| found.map(part).concat();
        let _ = writeln!(text, "{name:<10}  success {}", numbers(&|(success, _)| format!("{success:>7.3}")));
        let _ = writeln!(text, "{:<10}  sends   {}", "", numbers(&|(_, load)| format!("{load:>7.3}")));
    };
    rows("3 retries", &|failure| token_bucket::outcome(100, failure, || ()));
    rows("bucket", &|failure| token_bucket::outcome(100, failure, token_bucket::Bucket::full));
    text
}

fn tails() -> String {
    let once = Policy::stop().attempts(1);
    let runs = [
        ("one attempt", tail(once), 949.0),
        ("hedged at p95", tail(once.attempts(2).lanes(2).hedge_after(P95)), 44.3),
        ("race of two", tail(once.attempts(2).lanes(2)), 27.4),
        ("race of three", tail(once.attempts(3).lanes(3)), 19.5),
    ];
    let mut text = String::from("                sends   p99.9  theory\n");
    for (name, outcome, theory) in runs {
        let tail = outcome.success_times.quantile(0.999).unwrap_or_default().as_secs_f64() * 1000.0;
        let sends = outcome.sends_per_call();
        let _ = writeln!(text, "{name:<14}  {sends:>5.3}  {tail:>6.1}  {theory:>5.1} ms  {}", bar(tail, 949.0));
    }
    text
}

fn waits() -> String {
    let mut text = String::from("load            waits    theory\n");
    for (arrivals, workers) in [(30.0, 1), (50.0, 1), (80.0, 1), (90.0, 1), (350.0, 4)] {
        let (_, outcome) = queues::queue(arrivals, workers);
        let service = Duration::from_millis(10);
        let wait = outcome.success_times.mean().unwrap_or_default().saturating_sub(service).as_secs_f64() * 1000.0;
        let theory = theory::mmc_wait(arrivals, 100.0, workers).unwrap_or_default() * 1000.0;
        let load = format!("{:.0} % of {workers}", arrivals / f64::from(workers));
        let _ = writeln!(text, "{load:<10}  {wait:>6.1} ms  {theory:>5.1} ms  {}", bar(wait, 100.0));
    }
    text
}

/// Puts a picture into its place in the chapter.
fn put(chapter: &str, name: &str, picture: &str) -> String {
    let begin = format!("<!-- picture: {name} -->\n```text\n");
    let Some((before, rest)) = chapter.split_once(&begin) else { panic!("the chapter has no place for {name}") };
    let Some((_, after)) = rest.split_once("```") else { panic!("the picture of {name} does not end") };
    format!("{before}{begin}{picture}```{after}")
}

#[test]
fn the_pictures_of_the_guide_are_what_the_worlds_give() {
    let chapter = std::fs::read_to_string(CHAPTER).unwrap();
    let pictures = [
        ("jitter", aws_curves()),
        ("metastable", metastable()),
        ("classes", classes()),
        ("layers", layers()),
        ("buckets", buckets()),
        ("tails", tails()),
        ("waits", waits()),
    ];
    let drawn = pictures.iter().fold(chapter.clone(), |chapter, (name, picture)| put(&chapter, name, picture));
    if std::env::var_os("INSIST_BLESS").is_some() {
        std::fs::write(CHAPTER, drawn).unwrap();
    } else {
        assert!(drawn == chapter, "a picture of docs/guide/16-simulating.md is stale; INSIST_BLESS=1 draws it anew");
    }
}
