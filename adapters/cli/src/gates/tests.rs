//! Gates in files and on the line: what is read, what wins, what is wrong, and that defaults are those of the gates.

use insist_core::{
    AdaptiveRate, AdaptiveThrottle, Breaker, Budget, GradientLimit, Pause, Policy, RetryQuota, RetryShare,
};
use toml::de::DeTable;

use super::adaptive_rate::AdaptiveRateSetting;
use super::breaker::BreakerSetting;
use super::budget::BudgetSetting;
use super::gradient_limit::GradientLimitSetting;
use super::pause::PauseSetting;
use super::retry_quota::RetryQuotaSetting;
use super::retry_share::RetryShareSetting;
use super::throttle::ThrottleSetting;
use super::*;
use crate::options::file::parse;

/// The gates of a file.
fn file(text: &str) -> Gates {
    parse(text).unwrap_or_else(|problem| panic!("{text}{problem}")).1
}

/// Returns what the line makes of the gates of a file.
fn laid(text: &str, options: &[(&str, &str)]) -> Gates {
    let mut gates = file(text);
    options.iter().for_each(|(name, value)| gates.lay(name, value).unwrap());
    gates
}

#[test]
fn what_is_left_out_has_the_default_of_the_gate() {
    let shown = |gate: &dyn fmt::Debug| format!("{gate:?}");
    assert_eq!(shown(&BudgetSetting::default().make(0)), shown(&Budget::default()));
    assert_eq!(shown(&BreakerSetting::default().make(0)), shown(&Breaker::default()));
    assert_eq!(shown(&RetryQuotaSetting::default().make(0)), shown(&RetryQuota::default()));
    assert_eq!(shown(&RetryShareSetting::default().make(0)), shown(&RetryShare::default()));
    assert_eq!(shown(&PauseSetting::default().make(0)), shown(&Pause::default()));
    let gradient = GradientLimit::default().waiting(std::time::Duration::ZERO);
    assert_eq!(shown(&GradientLimitSetting::default().make(0)), shown(&gradient));
    assert_eq!(shown(&AdaptiveRateSetting::default().make(0)), shown(&AdaptiveRate::default()));
    assert_eq!(shown(&ThrottleSetting::default().make(0)), shown(&AdaptiveThrottle::default()));
}

#[test]
fn a_short_form_a_table_a_header_and_a_line_say_the_same() {
    for (short, table, name, value) in [
        ("budget = 0.1", "budget = { ratio = 0.1 }", "budget", "0.1"),
        ("breaker = 1", "[breaker]\nratio = 1", "breaker", "1"),
        ("bulkhead = 16", "bulkhead.room = 16", "bulkhead", "16"),
        ("rate = \"10/s\"", "rate = { limit = \"10/1s\" }", "rate", "10/s"),
        ("retry_quota = 20", "retry_quota = { tokens = 20 }", "retry_quota", "20"),
        ("retry_share = 0.1", "retry_share = { share = 0.1 }", "retry_share", "0.1"),
        ("adaptive_rate = 0.2", "adaptive_rate.least = 0.2", "adaptive_rate", "0.2"),
        ("pause = 0.5", "pause.spread = 0.5", "pause", "0.5"),
        ("aimd_limit = 50", "aimd_limit = { most = 50 }", "aimd_limit", "50"),
        ("gradient_limit = 50", "[gradient_limit]\nmost = 50", "gradient_limit", "50"),
        ("throttle = 2.5", "[throttle]\nk = 2.5", "throttle", "2.5"),
    ] {
        let told = |gates: &Gates| (gates.to_string(), gates.sentences());
        assert_ne!(file(short), Gates::default(), "{short}");
        assert_eq!(told(&file(short)), told(&file(table)), "{table}");
        assert_eq!(laid("", &[(name, value)]), file(short), "{name} {value}");
    }
}

#[test]
fn what_is_given_on_the_line_wins_field_by_field() {
    let guarded = "budget = { ratio = 0.05, reserve = 3 }\nbreaker = 0.5";
    let both = "budget = { ratio = 0.2, reserve = 3 }\nbreaker = 0.5";
    assert_eq!(laid(guarded, &[("budget", "0.2")]), file(both));
    assert_eq!(
        laid(guarded, &[("budget", "reserve=4,window=1m"), ("breaker", "none")]),
        file("budget = { ratio = 0.05, reserve = 4, window = \"1m\" }")
    );
    assert_eq!(
        laid("bulkhead = 16\nbreaker.probes = 3", &[("bulkhead", "ask_again=1s"), ("breaker", "successes=2")]),
        file("bulkhead = { room = 16, ask_again = \"1s\" }\nbreaker = { probes = 3, successes = 2 }")
    );
    assert_eq!(laid("rate = \"none\"", &[]), Gates::default());
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_line_and_field() {
    for (text, says) in [
        ("attempts = 3\nbudget = 20", ", line 2: the ratio of the budget is not a number from 0.001 to 10"),
        ("budget = \"much\"", ", line 1, budget: a number from 0.001 to 10, or a table is needed"),
        (
            "[budget]\nratio = 0.1\nreserve = -1",
            ", line 3, budget.reserve: invalid value: integer `-1`, expected a whole number from 0 to 4294967295",
        ),
        ("breaker = { ratio = 0.5, open_for = \"0\" }", ", line 1: open_for is 0ns; the breaker needs at least 1ms"),
        (
            "[breaker]\nprobes = 300\n",
            ", line 2, breaker.probes: invalid value: integer `300`, expected a whole number from 0 to 255",
        ),
        (
            "attempts = 2\n[breaker]\nrate = 1",
            ", line 3, breaker.rate: unknown field `rate`, expected one of `ratio`, `failures`, `slow_after`, \
             `slow_share`, `sigmas`, `min_throughput`, `window`, `over_last`, `open_for`, `probes`, `successes`, `waits`",
        ),
        ("breaker = { sigmas = 11 }", ", line 1: sigmas of the breaker is not a number from 0.01 to 10"),
        (
            "breaker = { failures = 6, over_last = 5 }",
            ", line 1: the breaker opens after 6 failures, but counts only the last 5",
        ),
        ("retry_share = 2", ", line 1, retry_share: the share of retries is not a number from 0 to 1"),
        (
            "adaptive_rate = 0",
            ", line 1, adaptive_rate: the least adaptive rate is not a number from 0.001 to 1000000 a",
        ),
        ("pause = -1", ", line 1: the spread of the pause is not a number from 0 to 1"),
        ("aimd_limit = 0", ", line 1, aimd_limit: the concurrency limit goes from 1 to 0"),
        ("aimd_limit = { start = 300 }", ", line 1, aimd_limit: the concurrency limit starts at 300; it needs"),
        ("gradient_limit = { answers = 0 }", ", line 1, gradient_limit: the least latency is measured from 0 answers"),
        ("bulkhead = 0", ", line 1: room is 0; a bulkhead needs room for at least 1 attempt"),
        ("bulkhead = { ask_again = \"1s\" }", ", line 1, bulkhead: missing field `room`"),
        ("rate = 10", ", line 1, rate: a number of attempts and a span as in 10/s or 600/5m, or a table is needed"),
        (
            "\nretry_quota = { reward = -1 }",
            ", line 2, retry_quota: reward is -1; a number of tokens from 0 to 1000000 is needed",
        ),
        ("throttle = 0.5", ", line 1: the k of the throttle is not a number from 1 to 1000"),
        ("budget = 0.1\n[budget]\nratio = 0.1", ", line 2"),
    ] {
        let problem = parse(text).unwrap_err();
        assert!(problem.starts_with(says), "{text}: {problem}");
    }
}

#[test]
fn what_is_wrong_on_the_line_says_what_would_be_right() {
    for (name, value, says) in [
        ("budget", "much", "a number from 0.001 to 10 is needed"),
        ("budget", "20", "a number from 0.001 to 10 is needed"),
        ("budget", "0.1,reserve", "\"reserve\" is no FIELD=VALUE, which follows after a comma"),
        ("budget", "0.1,ratio=0.2", "ratio is there twice; leave one out"),
        ("budget", "0.1,rest=5", "--budget: unknown field `rest`, expected one of `ratio`, `reserve`, `window`"),
        (
            "budget",
            "0.1,window=0",
            "--budget: the window of the budget is 0ns; it needs at least 10ms, a millisecond a slot",
        ),
        ("bulkhead", "ask_again=1s", "--bulkhead: missing field `room`"),
        ("retry_quota", "9,refill=-1", "--retry-quota: refill is -1; a number of tokens from 0 to 1000000 is needed"),
        ("bulkhead", "0", "a whole number of attempts from 1 is needed"),
        ("rate", "10", "a number of attempts and a span as in 10/s or 600/5m is needed"),
        ("breaker", "", "a number above 0 and up to 1 is needed"),
    ] {
        assert_eq!(Gates::default().lay(name, value), Err(says.into()), "{name} {value}");
    }
}

#[test]
fn each_gate_has_a_sentence() {
    let text = "budget = 0.1\nbreaker = { probes = 3, successes = 2 }\nbulkhead = { room = 1, ask_again = \"10ms\" }\n\
                rate = { limit = \"600/5m\", burst = 5, longest_wait = 0 }\nretry_quota = 500\nthrottle = 2\n\
                retry_share = 0.1\nadaptive_rate = 0.5\n\
                pause = 0.5\naimd_limit = 10\ngradient_limit = { most = 20, ask_again = \"5ms\" }";
    assert_eq!(
        file(text).sentences(),
        "When 50 % or more of the attempts of the last 10s fail, and there are 20 of them, every attempt is refused for 5s; \
         then 3 attempts try whether it works again, of which 2 have to succeed.\n\
         Retries and hedges of all calls together are at most 0.1 × the first sends in 10s, and 10 on top; others are refused.\n\
         A retry or a hedge of any call costs 5 of 500 tokens, after a timeout 10, and is refused when they are used up; its \
         success gives them back, that of a first send 1.\n\
         Retries and hedges that wait or are in flight are at most 0.1 × the attempts in flight, or 3 if that is more; others \
         are refused.\n\
         A hint of at most 1d holds back all calls until it has passed, and lets them go over 0.5 of it more; what would be \
         held for more than 5m is refused.\n\
         At most 1 attempt is in flight at once, of all calls together; others wait, and ask again every 10ms.\n\
         From 1 to 10 attempts are in flight at once, 10 at first, of all calls together; answers raise the limit, and each \
         timeout, throttled answer, hint or attempt of more than 5s leaves 0.9 of it; others are refused.\n\
         From 3 to 20 attempts are in flight at once, of all calls together; the limit sinks while the p50 of 100ms lies more \
         than 25 % above the least latency, which 50 answers tell every 1m, and else grows; others wait, and ask again every \
         5ms.\n\
         At most 600 attempts are sent in 5m, of all calls together, evenly spaced after a burst of 5; others are refused.\n\
         Once an attempt is throttled, attempts are sent at 0.7 × the rate of that moment, and then at one that grows again, at \
         least 0.5 a second; others wait for their turn.\n\
         Attempts are refused by chance once the servers take on less than one in 2 of the last 2m, and more of them the less \
         they take on.\n"
    );
    assert_eq!(
        file(text).to_string(),
        "; breaker 0.5; budget 0.1; retry quota 500; retry share 0.1; pause 0.5; bulkhead 1; aimd limit 10; gradient limit 20; \
         rate 600/5m; adaptive rate 0.5; throttle 2"
    );
}

#[test]
fn a_breaker_says_when_it_opens() {
    for (fields, says) in [
        ("over_last = 100", "50 % or more of the last 100 attempts fail, and there are 20 of them, "),
        ("over_last = 10", "50 % or more of the last 10 attempts fail, and there are 10 of them, "),
        ("failures = 5", "5 of the attempts of the last 10s fail, every"),
        ("failures = 5, over_last = 9, min_throughput = 7", "5 of the last 9 attempts fail, and there are 7 of them, "),
        ("failures = 5, over_last = 5", "5 attempts in a row fail, every"),
        (
            "slow_after = \"2s\", slow_share = 0.8, sigmas = 3",
            "50 % or more of the attempts of the last 10s fail, or 80 % or more take longer than 2s, by 3 standard errors more, \
             and there are 20 of them, ",
        ),
    ] {
        let told = file(&format!("breaker = {{ {fields} }}")).sentences();
        assert!(told.starts_with(&format!("When {says}")), "{fields}: {told}");
    }
    assert_eq!(file("breaker = { failures = 5 }").to_string(), "; breaker failures=5");
}

#[test]
fn a_limit_that_adapts_begins_within_its_bounds() {
    for (fields, start) in
        [("most = 50", 20), ("most = 5", 5), ("most = 50, least = 30", 30), ("most = 50, start = 7", 7)]
    {
        let told = file(&format!("aimd_limit = {{ {fields} }}")).sentences();
        assert!(told.contains(&format!("at once, {start} at first")), "{told}");
    }
}

#[test]
fn a_policy_that_hedges_at_a_percentile_has_a_gate_that_knows_latencies() {
    let none = Gates::default();
    assert!(!none.are_for(&Policy::aws()) && !none.are_for(&Policy::aws().hedge_at(95.0)));
    let hedged = Policy::aws().lanes(2).hedge_at(95.0);
    assert!(none.are_for(&hedged));
    assert_eq!(none.live(&hedged, 0).1.to_string(), "0 latencies: p50 0ns, p95 0ns, p99 0ns");
    assert_eq!(file("budget = 0.1").live(&hedged, 0).1.to_string().split("; ").count(), 2);
}

/// The documented file has each gate twice: what it is left out, and as a comment with every field and its default.
#[test]
fn the_documented_file_has_every_field_of_every_gate() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.toml");
    let documented = std::fs::read_to_string(path).unwrap();
    for name in Gates::NAMES {
        assert!(documented.lines().any(|line| line == format!("{name} = \"none\"")), "{name}");
        let comment = format!("#{name} = {{ ");
        let line = documented.lines().find(|line| line.starts_with(&comment)).unwrap_or_else(|| panic!("{name}"));
        let line = line.trim_start_matches('#');
        let table = DeTable::parse(line).unwrap();
        let said: Vec<String> =
            table.get_ref()[*name].get_ref().as_table().unwrap().keys().map(|key| key.get_ref().to_string()).collect();
        let problem = parse(&format!("{name}.nothing = 1")).unwrap_err();
        let known: Vec<&str> = problem.split('`').skip(3).step_by(2).collect();
        assert!(known.iter().all(|field| said.iter().any(|said| said == field)), "{name}: {known:?}, {said:?}");
        assert_eq!(known.len(), said.len(), "{name}");
        // A short form with the same first field has the same values elsewhere.
        let first = line.split_once("= { ").unwrap().1.split([',', '}']).next().unwrap();
        let (short, value) = first.trim().split_once(" = ").unwrap();
        let same = file(&format!("[{name}]\n{short} = {value}"));
        assert_eq!((file(line).to_string(), file(line).sentences()), (same.to_string(), same.sentences()), "{name}");
    }
}
