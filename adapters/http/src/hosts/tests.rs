//! Gates by host: how many, which are forgotten, and which host is the same.

use insist_core::{Breaker, Cause, Settled, Verdict};

use super::*;

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

fn uri(host: usize) -> Uri {
    format!("http://host{host}.example/").parse().unwrap()
}

#[test]
fn the_number_of_gates_is_bounded_and_the_one_asked_for_least_lately_goes() {
    let hosts = Hosts::new(|| ()).limit(3);
    let gates: Vec<_> = (0..3).map(|host| hosts.gate(&uri(host), at(host as u64))).collect();
    let first = hosts.gate(&uri(0), at(5));
    hosts.gate(&uri(9), at(6));
    assert_eq!(hosts.len(), 3);
    assert!(Arc::ptr_eq(&first, &gates[0]));
    assert!(Arc::ptr_eq(&hosts.gate(&uri(0), at(7)), &gates[0]));
    assert!(Arc::ptr_eq(&hosts.gate(&uri(2), at(7)), &gates[2]));
    assert_eq!(Arc::strong_count(&gates[1]), 1, "host 1 was asked for least lately, and is forgotten");
}

#[test]
fn what_nobody_asks_for_is_forgotten() {
    let hosts = Hosts::new(|| ()).limit(4).idle(Duration::from_secs(10));
    let gate = hosts.gate(&uri(1), at(0));
    assert!(Arc::ptr_eq(&gate, &hosts.gate(&uri(1), at(9))));
    assert!(Arc::ptr_eq(&gate, &hosts.gate(&uri(1), at(18))));
    hosts.gate(&uri(2), at(28));
    assert_eq!(hosts.len(), 1);
    assert_eq!(Arc::strong_count(&gate), 1, "host 1 is forgotten");
}

#[test]
fn many_hosts_take_no_more_room_than_a_few() {
    let hosts = Hosts::new(|| ()).limit(4);
    for host in 0..10_000 {
        hosts.gate(&uri(host), at(1));
    }
    assert_eq!(hosts.len(), 4);
}

#[test]
fn the_case_of_a_name_a_dot_at_its_end_and_the_usual_port_do_not_matter() {
    let hosts = Hosts::new(|| ());
    let gate = hosts.gate(&Uri::from_static("http://a.example/"), at(0));
    for same in ["HTTP://A.Example./x", "http://a.example:80", "http://user@a.example./?q"] {
        assert!(Arc::ptr_eq(&gate, &hosts.gate(&same.parse().unwrap(), at(0))), "{same}");
    }
    for other in ["https://a.example/", "http://a.example:81/", "http://b.example/", "http://a.example.example/"] {
        assert!(!Arc::ptr_eq(&gate, &hosts.gate(&other.parse().unwrap(), at(0))), "{other}");
    }
    assert!(Arc::ptr_eq(&gate, &hosts.gate_of("http", "a.example.", Some(80), at(0))));
}

#[test]
fn a_flood_of_hosts_forgets_closed_breakers_before_an_open_one() {
    let hosts = Hosts::new(|| Breaker::new(0.5));
    let failing = Uri::from_static("http://failing.example/");
    let breaker = hosts.gate(&failing, at(1));
    for _ in 0..100 {
        breaker.settle(at(1), &Cause::FIRST, &Settled::Ended(Verdict::retry().into(), at(1)));
    }
    assert!(breaker.is_holding(at(1)));
    for host in 0..10_000 {
        hosts.gate(&uri(host), at(2));
    }
    assert!(Arc::ptr_eq(&breaker, &hosts.gate(&failing, at(3))));
    assert!(hosts.len() <= 256);
}

#[test]
fn however_many_hold_the_number_is_bounded() {
    struct Holding;
    impl Gate for Holding {
        fn is_holding(&self, _: Instant) -> bool {
            true
        }
    }
    let hosts = Hosts::new(|| Holding).limit(100);
    for host in 0..1000 {
        hosts.gate(&uri(host), at(host as u64));
    }
    assert!(hosts.len() <= 100);
}

#[test]
fn each_host_keeps_its_gate_among_many() {
    let hosts = Hosts::new(|| ()).limit(4096);
    let gates: Vec<_> = (0..1000).map(|host| hosts.gate(&uri(host), at(1))).collect();
    for (host, gate) in gates.iter().enumerate() {
        assert!(Arc::ptr_eq(gate, &hosts.gate(&uri(host), at(2))), "{host}");
    }
    assert_eq!(hosts.len(), 1000);
}
