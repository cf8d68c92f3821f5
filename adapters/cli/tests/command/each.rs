//! `insist get --each`: every URL in a call of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use serde_json::Value;

use crate::run::{Ran, insist};

fn each(arguments: &str, urls: &[String]) -> Ran {
    let words: Vec<&str> = ["get", "--each", "--base", "1ms"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .chain(urls.iter().map(String::as_str))
        .collect();
    insist(&words)
}

/// `/a` is slow, `/b` fails once, `/c` always, `/d` is not there.
fn server() -> (Server, Vec<String>) {
    let script = Script::paths()
        .path("/a", Answer::ok("a\n").after(Duration::from_millis(60)))
        .path("/b", [Answer::status(503), Answer::ok("b\n")])
        .path("/c", Answer::status(503).body("c is busy\n"))
        .path("/d", Answer::status(404).body("no d\n"));
    let server = Server::start(script).unwrap();
    let urls = ["/a", "/b", "/c", "/d"].map(|path| server.at(path)).into();
    (server, urls)
}

/// The table with each time as `T`, and one space between the words.
fn without_times(table: &str) -> String {
    let is_time = |word: &str| word.ends_with('s') && word.starts_with(|c: char| c.is_ascii_digit());
    let mask = |line: &str| {
        let words = line.split(' ').filter(|word| !word.is_empty());
        words.map(|word| if is_time(word) { "T" } else { word }).collect::<Vec<_>>().join(" ")
    };
    table.lines().map(|line| mask(line) + "\n").collect()
}

#[test]
fn all_are_fetched_and_the_bodies_come_in_the_order_given() {
    for parallel in ["", "--parallel 1", "--parallel 3", "--parallel 100"] {
        let (server, urls) = server();
        let ran = each(parallel, &urls);
        assert_eq!((ran.status, ran.out.as_str()), (22, "a\nb\nc is busy\nno d\n"), "{parallel}: {}", ran.err);
        assert_eq!(["/a", "/b", "/c", "/d"].map(|path| server.hits(path)), [1, 2, 3, 1], "{parallel}");
    }
}

#[test]
fn the_exit_status_is_0_where_all_were_accepted() {
    let (_server, urls) = server();
    let ran = each("", &[urls[0].clone(), urls[1].clone(), urls[3].clone()]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "a\nb\nno d\n"), "{}", ran.err);
}

#[test]
fn the_table_has_a_line_for_each_url_and_a_sum() {
    let (_server, urls) = server();
    let ran = each("", &urls);
    let [a, b, c, d] = &urls[..] else { panic!() };
    assert_eq!(
        without_times(&ran.err),
        format!(
            "url result status attempts time why\n\
             {a} returned 200 1 T\n\
             {b} returned 200 2 T\n\
             {c} gave up 503 3 T no attempts were left\n\
             {d} returned 404 1 T\n\
             3 of 4 returned, in T\n"
        )
    );
    let lines: Vec<&str> = ran.err.lines().collect();
    let right = |line: &str, word: &str| line.find(word).unwrap() + word.len();
    assert_eq!(right(lines[0], "attempts"), right(lines[1], "        1"), "{}", ran.err);
    assert_eq!(lines[0].find("why"), lines[3].find("no attempts"), "{}", ran.err);
}

#[test]
fn what_never_answers_is_a_line_of_the_table_too() {
    let gone = Server::start(Answer::ok("")).unwrap();
    let url = gone.url();
    gone.stop();
    let torn = Server::start(Answer::ok("hello world\n").cut_at(5)).unwrap();
    let ran = each("--attempts 2", &[url.clone(), torn.url()]);
    assert_eq!(ran.status, 7);
    let lines: Vec<String> = without_times(&ran.err).lines().map(String::from).collect();
    assert!(lines[1].starts_with(&format!("{url}/ gave up - 2 T no attempts were left; last error: ")), "{}", ran.err);
    assert!(
        lines[2].starts_with(&format!(
            "{}/ gave up 200 2 T no attempts were left; last error: io: the body broke off after 5 bytes: ",
            torn.url()
        )),
        "{}",
        ran.err
    );
    assert_eq!(lines[3], "0 of 2 returned, in T");
}

/// Answers 200 once so many are in flight at the same time, and 404 if that takes too long; counts the most.
fn meeting(together: usize) -> (Server, Arc<AtomicUsize>) {
    let (inside, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let script = Script::each(move |_, _| {
        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let started = Instant::now();
        while most.load(Ordering::SeqCst) < together && started.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(5));
        inside.fetch_sub(1, Ordering::SeqCst);
        Answer::status(if most.load(Ordering::SeqCst) < together { 404 } else { 200 })
    });
    (Server::start(script).unwrap(), seen)
}

#[test]
fn so_many_are_in_flight_at_once_as_asked_for_and_no_more() {
    for (arguments, together) in [("", 4), ("--parallel 1", 1), ("--parallel 3", 3), ("--parallel 8", 6)] {
        let (server, most) = meeting(together);
        let ran = each(arguments, &vec![server.url(); 6]);
        assert_eq!(ran.err.matches(" 200 ").count(), 6, "{arguments}: {}", ran.err);
        assert_eq!(most.load(Ordering::SeqCst), together, "{arguments}");
    }
}

#[test]
fn more_urls_than_may_be_ahead_of_a_slow_one_are_all_written_in_order() {
    let script = Script::each(|request, _| {
        let slow = if request.path.ends_with("/0") { 100 } else { 0 };
        Answer::ok(format!("{}\n", request.path)).after(Duration::from_millis(slow))
    });
    let server = Server::start(script).unwrap();
    let urls: Vec<String> = (0..200).map(|number| server.at(&format!("/{number}"))).collect();
    let ran = each("", &urls);
    let bodies: String = (0..200).map(|number| format!("/{number}\n")).collect();
    assert_eq!((ran.status, ran.out), (0, bodies), "{}", ran.err);
}

#[test]
fn a_long_body_waits_for_its_turn_too() {
    let long = "0123456789".repeat(300_000);
    let slow = Answer::ok("first\n").after(Duration::from_millis(50));
    let server = Server::start(Script::paths().path("/slow", slow).path("/long", Answer::ok(long.clone()))).unwrap();
    let ran = each("", &[server.at("/slow"), server.at("/long")]);
    assert_eq!((ran.status, ran.out == format!("first\n{long}")), (0, true), "{}", ran.err);
}

#[test]
fn a_folder_has_a_file_for_each_and_no_two_meet() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("new/pages");
    let script = Script::each(|request, _| match request.path.as_str() {
        "/torn" => Answer::ok("torn\n").cut_at(2),
        path => Answer::ok(path),
    });
    let server = Server::start(script).unwrap();
    let paths = ["/x/page.html", "/y/page.html", "/z/PAGE.html", "/q?id=../../7", "/%2e%2e%2fup", "/torn", "/"];
    let ran = each(&format!("--output-dir {}", inner.display()), &paths.map(|path| server.at(path)));
    assert_eq!((ran.status, ran.out.as_str()), (18, ""), "{}", ran.err);
    let mut files: Vec<(String, String)> = inner
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().into(), std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    let expected = [
        ("127.0.0.1", "/"),
        ("PAGE-3.html", "/z/PAGE.html"),
        ("_2e_2e_2fup", "/%2e%2e%2fup"),
        ("page-2.html", "/y/page.html"),
        ("page.html", "/x/page.html"),
        ("q_id_.._.._7", "/q?id=../../7"),
    ];
    assert_eq!(files, expected.map(|(name, text)| (name.into(), text.into())), "{}", ran.err);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is beside it");
    let table = without_times(&ran.err);
    assert!(table.contains("/y/page.html returned 200 1 T page-2.html\n"), "{}", ran.err);
    assert!(
        table.contains(
            "/torn gave up 200 3 T no attempts were left; last error: io: the body broke off after 2 bytes: "
        ),
        "{}",
        ran.err
    );
}

#[test]
fn a_file_that_cannot_be_written_is_not_fetched_and_the_others_are() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    let server = Server::start(Answer::ok("text\n")).unwrap();
    let option = format!("--output-dir {}", folder.path().display());
    let ran = each(&option, &[server.at("/a"), server.at("/b")]);
    assert_eq!((ran.status, server.hits("/a"), server.hits("/b")), (23, 0, 1), "{}", ran.err);
    assert!(ran.err.contains("cannot write to its file: ") && ran.err.contains("1 of 2 returned"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(folder.path().join("b")).unwrap(), "text\n");
}

#[test]
fn a_report_has_a_line_for_each_url_in_the_order_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.jsonl");
    let seeds = |seed: &str| -> Vec<u64> {
        let (_server, urls) = server();
        let ran = each(&format!("--seed {seed} --report {}", path.display()), &urls);
        assert_eq!(ran.status, 22, "{}", ran.err);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let told: Vec<_> = lines.iter().map(|line| (&line["outcome"], &line["status"], &line["attempts"])).collect();
        let [returned, gave_up] = [Value::from("returned"), Value::from("gave_up")];
        let numbers: Vec<Value> = [200, 404, 503, 1, 2, 3].map(Value::from).into();
        let [found, missing, busy, one, two, three] = &numbers[..] else { panic!() };
        let expected =
            [(&returned, found, one), (&returned, found, two), (&gave_up, busy, three), (&returned, missing, one)];
        assert_eq!(told, expected, "{text}");
        for (line, url) in lines.iter().zip(&urls) {
            assert_eq!(line["log"][0]["target"], url.as_str(), "{text}");
            assert_eq!(line["refusal"], Value::Null, "{text}");
            assert_eq!(line.as_object().unwrap().len(), 20, "{text}");
        }
        lines.iter().map(|line| line["seed"].as_u64().unwrap()).collect()
    };
    let (seven, again, eight) = (seeds("7"), seeds("7"), seeds("8"));
    assert_eq!(seven, again);
    let mut all = [seven, eight].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 8, "every URL has a seed of its own");
}

#[test]
fn a_log_has_the_attempts_in_the_order_of_the_urls() {
    let (_server, urls) = server();
    let ran = each("--log", &urls);
    let logged: Vec<&str> = ran.err.lines().filter(|line| line.starts_with('#')).collect();
    let target = |line: &str| urls.iter().position(|url| line.contains(&format!("{url}:"))).unwrap();
    assert_eq!(logged.iter().map(|line| target(line)).collect::<Vec<_>>(), [0, 1, 1, 2, 2, 2, 3], "{}", ran.err);
}

#[test]
fn a_body_is_sent_to_every_url() {
    let server = Server::start(Answer::ok("")).unwrap();
    let ran = each("-X PUT -d x=1", &[server.at("/a"), server.at("/b")]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!([server.hits("/a"), server.hits("/b")], [1, 1]);
    assert!(server.requests().iter().all(|request| request.body == b"x=1" && request.method == "PUT"));
}

#[test]
fn what_makes_no_sense_with_each_is_refused_and_sends_nothing() {
    let server = Server::start(Answer::ok("")).unwrap();
    for (arguments, named) in [
        ("--each -o page.html", &["-o", "--each", "--output-dir"][..]),
        ("--each --parallel 0", &["--parallel", "'0'", "from 1"]),
        ("--each --parallel many", &["--parallel", "'many'"]),
        ("--parallel 2", &["--each"]),
        ("--output-dir pages", &["--each"]),
        ("--each --output-dir /dev/null/x", &["--output-dir /dev/null/x"]),
        ("--each --report /nowhere/at/all", &["--report /nowhere/at/all"]),
    ] {
        let url = server.url();
        let words: Vec<&str> = ["get"].into_iter().chain(arguments.split(' ')).chain([url.as_str()]).collect();
        let ran = insist(&words);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments}: {}", ran.err);
        assert!(named.iter().all(|word| ran.err.contains(word)), "{arguments}: {}", ran.err);
    }
    assert_eq!(server.request_count(), 0);
}

#[test]
fn a_reader_that_leaves_ends_it_without_an_error() {
    use std::io::Read;
    use std::process::{Command, Stdio};

    let server = Server::start(Answer::ok(vec![b'x'; 1 << 20])).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_insist"))
        .args(["get", "--each", "--parallel", "2"])
        .args(vec![server.url(); 100])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
    let ran = crate::run::ran(child.wait_with_output().unwrap());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(!ran.err.contains("insist:") && server.request_count() < 100, "{}", ran.err);
}
