//! Every world of the repository is read, and what is wrong is named.

use super::parse;

const GOOD: &str = "\
lasting = \"30s\"
[clients]
arrivals = \"poisson\"
per_second = 100
[servers]
service = { p50 = \"2ms\", p99 = \"40ms\" }
workers = 4
[[incidents]]
kind = \"fail\"
from = \"10s\"
until = \"20s\"
status = 503
";

#[track_caller]
fn assert_wrong(find: &str, put: &str, message: &str) {
    assert!(GOOD.contains(find));
    assert_eq!(parse(&GOOD.replace(find, put)).unwrap_err(), message);
}

#[test]
fn a_world_is_read() {
    let (_, _, world) = parse(GOOD).unwrap();
    assert_eq!(world.clients().per_second(), Some(100.0));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    assert_wrong(
        "per_second = 100",
        "per_second = -1",
        ", line 4: per_second is -1; a number above 0 and up to 1000000000 is needed",
    );
    assert_wrong("per_second = 100\n", "", ", line 3: per_second is missing; arrivals = \"poisson\" needs it");
    assert_wrong(
        "workers = 4",
        "worker = 4",
        ", line 7: unknown field `worker`, expected one of `service`, `replicas`, `workers`, `queue`, `discipline`, `balance`, `skew`, `told_of_cancels`, `full_status`, `contention`",
    );
    assert_wrong("\"20s\"", "\"5s\"", ", line 11: fail is from 10s until 5s; until has to be later than from");
    assert_wrong(
        "\"20s\"",
        "\"5\"",
        ", line 11, until: a duration needs a unit (ns, us, ms, s, m, h, d), as in 150ms, 1.5s or 2m",
    );
    assert_wrong("status = 503", "part = 0.5", ", line 12: part belongs to kind = \"capacity_loss\" only");
    assert_wrong(
        "p50 =",
        "q50 =",
        ", line 6, service: q50 is not known; a table with one of constant, uniform, exponential, normal, log_normal, list, mix, or quantiles such as p50 and p99 is needed",
    );
    assert_wrong("[servers]", "[servers", ", line 5: unclosed table, expected `]`");
}

/// Of several incidents, the one that is wrong is named.
#[test]
fn the_second_incident_has_lines_of_its_own() {
    let more = "[[incidents]]\nkind = \"fail\"\nfrom = \"1s\"\nuntil = \"2s\"\nshare = 0.5\n[[incidents]]\nkind = ";
    let wrong = |rest: &str| parse(&format!("{GOOD}{more}{rest}\nfrom = \"3s\"\nuntil = \"4s\"\n")).unwrap_err();
    assert_eq!(wrong("\"slow\""), ", line 19: factor is missing; kind = \"slow\" needs it");
    assert_eq!(wrong("\"hang\"\nshare = 2.0"), ", line 20: share is 2; a number from 0 to 1 is needed");
    assert_eq!(wrong("\"hang\"\nstatus = 500"), ", line 20: status belongs to kind = \"fail\" only");
}
