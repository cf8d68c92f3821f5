//! The oracle sees what is wrong: a call in order, and the same call with one thing changed.

use insist_tests::proxy::{Arrival, Exchange, Fault, Given};
use insist_tests::words::{LONG, ms};
use insist_ureq::insisting::{AttemptEnd, Failure, Reason, Verdict};

use super::ask::{Answer, Ask, Attempted, DOMAIN, Habits, Method, Seen, TIMEOUT, Told};
use super::oracle;
use super::round::Expected;

const MAYBE: AttemptEnd = AttemptEnd::Retry(Failure::new());

const HABITS: Habits = Habits {
    stops_at_noise: true,
    opens_anew: true,
    hears_early: true,
    has_own_tunnels: true,
    over_tls: true,
    over_http2: false,
};

/// A call, and what was seen of it.
struct Case {
    ask: Ask,
    seen: Seen,
    exchanges: Vec<Exchange>,
}

impl Case {
    fn told(&mut self) -> &mut Told {
        self.seen.told.as_mut().unwrap()
    }

    /// The call gave up for this reason, without an answer.
    fn gives_up(&mut self, reason: Reason, end: AttemptEnd) {
        self.seen.answer = Err("io: Peer disconnected".into());
        let told = self.told();
        (told.reason, told.winner) = (Some(reason), None);
        (told.attempts[1].end, told.attempts[1].status) = (Some(end), None);
    }
}

fn exchange(attempt: u32, fault: Fault, given: Given) -> Exchange {
    let arrival =
        Arrival { method: "GET".into(), path: format!("/7/{attempt}"), connection: 1, number_on_connection: 1 };
    Exchange { arrival, fault, is_read: true, status: Some(200), given, is_awaited: false }
}

fn tunnel(fault: Fault) -> Exchange {
    let arrival =
        Arrival { method: "CONNECT".into(), path: format!("7{DOMAIN}:80"), connection: 1, number_on_connection: 0 };
    Exchange { arrival, ..exchange(0, fault, Given::Whole) }
}

/// The first attempt's answer is cut, the second is well.
fn in_order() -> Case {
    let seed = (0..).find(|seed| Expected::of(&ask(*seed), 2).status == 200).unwrap();
    let ask = ask(seed);
    let attempted = |attempt, sent, ended, end, status| Attempted { attempt, sent, ended: Some(ended), end, status };
    let attempts = vec![
        attempted(1, ms(0), ms(2), Some(MAYBE), None),
        attempted(2, ms(3), ms(5), Some(AttemptEnd::Accept), Some(200)),
    ];
    let Expected { status, body } = Expected::of(&ask, 2);
    let seen = Seen {
        attempts: 2,
        answer: Ok(Answer { status, body: Ok(body) }),
        told: Some(Told { reason: None, winner: Some(2), elapsed: ms(5), attempts }),
        took: ms(5),
    };
    let exchanges = vec![exchange(1, Fault::CutBody(0), Given::Head), exchange(2, Fault::None, Given::Whole)];
    Case { ask, seen, exchanges }
}

fn ask(seed: u64) -> Ask {
    let is_wanted = |ask: &Ask| {
        let policy = &ask.policy;
        let times = (policy.get_attempt_timeout(), policy.get_deadline(), policy.get_lanes());
        ask.method == Method::Get && ask.whole_body && ask.attempts() == 3 && times == (Some(TIMEOUT), None, 1)
    };
    // The call of that number is not drawn but as it is wanted here.
    let drawn = (0..).map(|call| Ask::draw(seed, call)).find(is_wanted).unwrap();
    Ask { call: 7, ..drawn }
}

#[test]
fn a_call_in_order_is_in_order() {
    let Case { ask, seen, exchanges } = in_order();
    oracle::judge(&ask, &seen, &exchanges.iter().collect::<Vec<_>>(), HABITS).unwrap();
}

#[test]
fn a_call_through_tunnels_is_in_order() {
    let Case { ask, mut seen, mut exchanges } = in_order();
    // The first attempt did not get through, and the second had an early answer.
    exchanges[0] = tunnel(Fault::Early(503));
    exchanges.push(tunnel(Fault::None));
    (exchanges[1].fault, exchanges[1].status) = (Fault::Early(413), Some(413));
    seen.answer = Ok(Answer { status: 413, body: Ok(Fault::EARLY.into()) });
    let told = seen.told.as_mut().unwrap();
    told.attempts[0].end = Some(Verdict::retry().unsent().into());
    told.attempts[1].status = Some(413);
    oracle::judge(&ask, &seen, &exchanges.iter().collect::<Vec<_>>(), HABITS).unwrap();
}

#[test]
fn a_stream_that_was_refused_was_not_processed() {
    let http2 = Habits { has_own_tunnels: false, over_http2: true, ..HABITS };
    let refused = || {
        let mut case = in_order();
        (case.exchanges[0].fault, case.exchanges[0].given) = (Fault::ResetUnread, Given::Nothing);
        case.exchanges.iter_mut().for_each(|exchange| exchange.arrival.method = "POST".into());
        case.ask.method = Method::Post;
        case.told().attempts[0].end = Some(Verdict::retry().unsent().into());
        let Expected { status, body } = Expected::of(&case.ask, 2);
        case.seen.answer = Ok(Answer { status, body: Ok(body) });
        case
    };
    let said = |case: &Case| oracle::judge(&case.ask, &case.seen, &case.exchanges.iter().collect::<Vec<_>>(), http2);
    assert_eq!(said(&refused()), Ok(()));

    let mut maybe = refused();
    maybe.told().attempts[0].end = Some(MAYBE);
    assert_eq!(said(&maybe).unwrap_err(), "attempt 1: was refused, and was said to be perhaps processed");

    let mut once = refused();
    once.exchanges[1].fault = Fault::ResetUnread;
    once.gives_up(Reason::NotRepeatable, Verdict::retry().unsent().into());
    assert_eq!(said(&once).unwrap_err(), "it was refused, and could have been repeated");
}

#[test]
fn what_is_sent_on_a_tls_stream_that_has_ended_is_seen() {
    let ended = exchange(1, Fault::CloseNotify, Given::Whole);
    let mut next = exchange(2, Fault::None, Given::Whole);
    let said = oracle::judge_connections(&[ended.clone(), next.clone()]);
    assert!(said.is_err_and(|said| said.starts_with("sent on a TLS stream that had ended")));
    next.arrival.connection = 2;
    oracle::judge_connections(&[ended, next]).unwrap();
}

#[test]
fn what_is_wrong_is_seen() {
    type Change = fn(&mut Case);
    let wrongs: &[(&str, Change)] = &[
        ("made more attempts than its policy allows, or none", |case| case.ask.policy = case.ask.policy.attempts(1)),
        ("one attempt was sent twice", |case| case.exchanges.push(case.exchanges[0].clone())),
        ("sent an attempt that it did not count", |case| case.exchanges[1].arrival.path = "/7/3".into()),
        ("sent an attempt without a number", |case| case.exchanges[0].arrival.path = "/7/0".into()),
        ("sent twice what must not be repeated", |case| case.ask.method = Method::Post),
        ("went on after what must not be repeated was sent", |case| {
            case.ask.method = Method::Post;
            case.exchanges.pop();
        }),
        ("asked for more tunnels than it made attempts", |case| {
            case.exchanges.extend([0, 0, 0].map(|_| tunnel(Fault::None)));
        }),
        ("went on after a proxy had refused for good", |case| {
            case.exchanges.extend([407, 503].map(|status| tunnel(Fault::Early(status))));
        }),
        ("waited for a tunnel for ever", |case| {
            case.exchanges.push(Exchange { is_awaited: true, ..tunnel(Fault::Stall) });
        }),
        ("failed on an old connection, and took another old one", |case| {
            case.exchanges.iter_mut().for_each(|exchange| exchange.arrival.number_on_connection = 2);
        }),
        ("attempt 1: never arrived, and was said to be perhaps sent", |case| drop(case.exchanges.remove(0))),
        ("nothing was sent, and it could have been repeated", |case| {
            case.exchanges.clear();
            case.ask.method = Method::Post;
            case.gives_up(Reason::NotRepeatable, Verdict::retry().unsent().into());
            case.told().attempts[0].end = Some(Verdict::retry().unsent().into());
        }),
        ("other method", |case| case.ask.method = Method::Put),
        ("waited for ever", |case| case.exchanges[0].is_awaited = true),
        ("took longer than its policy allows", |case| case.seen.took = LONG),
        ("attempt 2: was sent after the deadline", |case| case.ask.policy = case.ask.policy.deadline(ms(3))),
        ("attempt 1: never ended", |case| case.told().attempts[0].end = None),
        ("attempt 2: was answered, and never arrived", |case| drop(case.exchanges.pop())),
        ("attempt 2: another answer than the server's", |case| case.exchanges[1].status = Some(201)),
        ("attempt 2: was answered, and the proxy gave it no head", |case| case.exchanges[1].given = Given::Nothing),
        ("attempt 2: its status was misjudged", |case| case.told().attempts[1].end = Some(MAYBE)),
        ("attempt 2: part of a body was accepted", |case| case.exchanges[1].given = Given::Head),
        ("attempt 2: accepted without an answer", |case| case.told().attempts[1].status = None),
        ("attempt 1: lost, and had no rival", |case| case.told().attempts[0].end = Some(AttemptEnd::Lost)),
        ("attempt 1: timed out too soon", |case| case.told().attempts[0].end = Some(AttemptEnd::Timeout)),
        ("attempt 1: timed out too soon", |case| case.told().attempts[0].end = Some(AttemptEnd::Deadline)),
        ("attempt 1: was cancelled, and nobody did", |case| case.told().attempts[0].end = Some(AttemptEnd::Cancelled)),
        ("attempt 1: arrived, and was said to be unsent", |case| {
            case.told().attempts[0].end = Some(Verdict::retry().unsent().into());
        }),
        ("attempt 1: the whole answer was out in time, and was taken for a failure", |case| {
            case.exchanges[0].given = Given::Whole;
        }),
        ("attempt 1: what is not HTTP was tried again", |case| {
            case.exchanges[0].fault = Fault::Garbage(1);
            case.exchanges[0].given = Given::Nothing;
        }),
        ("attempt 1: what is worth another attempt was given up", |case| {
            case.told().attempts[0].end = Some(AttemptEnd::Stop);
        }),
        ("more attempts in flight than lanes", |case| case.told().attempts[0].ended = Some(ms(4))),
        ("its log and its count differ", |case| case.seen.attempts = 3),
        ("what was accepted is not what it returned", |case| case.told().winner = Some(1)),
        ("it returned, or it gave up", |case| case.told().reason = Some(Reason::Attempts)),
        ("returned an error", |case| case.seen.answer = Err("io: Peer disconnected".into())),
        ("returned another body than the server's", |case| {
            let Ok(Answer { body: Ok(body), .. }) = &mut case.seen.answer else { unreachable!() };
            body.pop();
        }),
        ("returned a body that cannot be read, though it was part of the attempt", |case| {
            let Ok(Answer { body, .. }) = &mut case.seen.answer else { unreachable!() };
            *body = Err("io: Peer disconnected".into());
        }),
        ("gave up with attempts left", |case| {
            case.exchanges[1].given = Given::Nothing;
            case.gives_up(Reason::Attempts, MAYBE);
        }),
        ("it could have been repeated", |case| {
            case.exchanges[1].given = Given::Nothing;
            case.gives_up(Reason::NotRepeatable, MAYBE);
        }),
        ("nothing stopped it", |case| {
            case.exchanges[1].given = Given::Nothing;
            case.gives_up(Reason::Stopped, MAYBE);
        }),
        ("gave up long before its deadline", |case| {
            case.exchanges[1].given = Given::Nothing;
            case.ask.policy = case.ask.policy.deadline(LONG);
            case.gives_up(Reason::Deadline, MAYBE);
        }),
        ("nobody asked for so long a wait", |case| {
            case.exchanges[1].given = Given::Nothing;
            case.gives_up(Reason::RetryAfter, MAYBE);
        }),
        ("went on after a whole answer", |case| {
            case.seen.told = None;
            case.exchanges[0].given = Given::Whole;
        }),
        ("went on after what is not HTTP", |case| {
            case.seen.told = None;
            case.exchanges[0].fault = Fault::Garbage(1);
        }),
        ("a whole answer was taken for a failure", |case| {
            case.seen.told = None;
            case.seen.answer = Err("io: Peer disconnected".into());
        }),
    ];
    for (wrong, change) in wrongs {
        let mut case = in_order();
        change(&mut case);
        let said = oracle::judge(&case.ask, &case.seen, &case.exchanges.iter().collect::<Vec<_>>(), HABITS);
        assert_eq!(said, Err((*wrong).to_owned()));
    }
}
