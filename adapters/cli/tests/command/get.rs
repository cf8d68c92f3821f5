//! `insist get`: what it fetches, what it writes, and how it exits.

use std::time::Duration;

use insist_flaky::{Answer, Script, Server};

use crate::run::{Ran, insist, run_bytes};

fn get(arguments: &str, urls: &[String]) -> Ran {
    let words: Vec<&str> = ["get", "--base", "1ms"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .chain(urls.iter().map(String::as_str))
        .collect();
    insist(&words)
}

/// Runs it against one server with this script.
fn get_from(arguments: &str, script: impl Into<Script>) -> (Ran, Server) {
    let server = Server::start(script).unwrap();
    let ran = get(arguments, &[server.at("/x")]);
    (ran, server)
}

fn busy() -> Answer {
    Answer::status(503).body("busy\n")
}

#[test]
fn what_is_accepted_is_written_and_nothing_is_said() {
    let (ran, server) = get_from("", Answer::ok("hello\n"));
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "hello\n", ""));
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/x"));
    assert_eq!(request.header("user-agent"), Some(concat!("insist/", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn failures_are_retried_until_one_is_accepted() {
    let (ran, server) = get_from("", [busy(), Answer::reset(), Answer::ok("hello\n")]);
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "hello\n", ""));
    assert_eq!(server.request_count(), 3);
}

#[test]
fn giving_up_exits_with_22_says_why_and_still_writes_the_last_body() {
    let (ran, server) = get_from("", busy());
    assert_eq!((ran.status, ran.out.as_str()), (22, "busy\n"));
    assert_eq!(ran.err, "insist: gave up after 3 attempts: no attempts were left; last status: 503\n");
    assert_eq!(server.request_count(), 3);
}

#[test]
fn the_last_body_is_written_whole_however_long_it_is_or_is_said_to_be_broken() {
    let long = "busy ".repeat(200_000);
    for arguments in ["", "--attempts 1", "--whole-body", "--max-retry-after 1s", "--lanes 2 --attempts 2"] {
        let (ran, _) = get_from(arguments, Answer::status(503).body(long.clone()).header("Retry-After", "0"));
        assert_eq!((ran.status, ran.out == long), (22, true), "{arguments}: {} bytes", ran.out.len());
    }
    let (ran, _) = get_from("--attempts 1", Answer::status(503).body(long.clone()).cut_at(700_000));
    assert_eq!((ran.status, ran.out.len() <= 700_000), (22, true));
    assert!(ran.err.contains("the body broke off"), "{}", ran.err);
}

#[test]
fn giving_up_without_a_response_says_the_last_error() {
    let (ran, server) = get_from("--attempts 2", Answer::reset());
    assert_eq!((ran.status, ran.out.as_str()), (56, ""));
    assert!(
        ran.err.starts_with("insist: gave up after 2 attempts: no attempts were left; last error: "),
        "{}",
        ran.err
    );
    assert_eq!(server.request_count(), 2);
}

#[test]
fn a_port_that_nothing_listens_on_is_given_up() {
    let server = Server::start(Answer::ok("")).unwrap();
    let url = server.url();
    server.stop();
    let ran = get("--attempts 2", &[url]);
    assert_eq!((ran.status, ran.out.as_str()), (7, ""));
    assert!(ran.err.contains("gave up after 2 attempts") && ran.err.contains("refused"), "{}", ran.err);
}

#[test]
fn a_status_that_is_not_retried_is_accepted() {
    for status in [404, 400, 410, 501] {
        let (ran, server) = get_from("", Answer::status(status).body("so it is\n"));
        assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "so it is\n", ""), "{status}");
        assert_eq!(server.request_count(), 1);
    }
}

#[test]
fn statuses_to_retry_and_not_to_retry_are_said() {
    let late = [Answer::status(404), Answer::status(404), Answer::ok("hello\n")];
    let (ran, server) = get_from("--retry-status 404,410", late);
    assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (0, "hello\n", 3));

    let (ran, server) = get_from("--no-retry-status 500,503", busy());
    assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (0, "busy\n", 1));
}

#[test]
fn several_urls_are_replicas_over_which_attempts_rotate() {
    let replicas = [Answer::status(503), Answer::reset()].map(|answer| Server::start(answer).unwrap());
    let last = Server::start([busy(), Answer::ok("from the third\n")]).unwrap();
    let urls = [replicas[0].at("/a"), replicas[1].at("/b?q"), last.at("/c")];
    let ran = get("--attempts 6", &urls);
    assert_eq!((ran.status, ran.out.as_str()), (0, "from the third\n"));
    assert_eq!([replicas[0].hits("/a"), replicas[1].hits("/b?q"), last.hits("/c")], [2, 2, 2]);
}

#[test]
fn the_fastest_of_three_replicas_wins_and_the_others_see_their_clients_leave() {
    let replicas = [Answer::never(), Answer::ok("fast\n").after(Duration::from_millis(18)), Answer::never()];
    let replicas = replicas.map(|answer| Server::start(answer).unwrap());
    let urls = replicas.each_ref().map(Server::url);
    let ran = get("--lanes 3 --hedge-after 0", &urls);
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "fast\n", ""));
    for loser in [&replicas[0], &replicas[2]] {
        assert!(loser.wait_until(|seen| seen.open_connections() == 0, Duration::from_secs(10)));
        assert_eq!(loser.request_count(), loser.disconnects());
    }
}

#[test]
fn a_hedge_is_sent_when_the_first_is_slow() {
    let replicas = [Answer::never(), Answer::ok("second\n")].map(|answer| Server::start(answer).unwrap());
    let ran = get("--lanes 2 --hedge-after 20ms", &replicas.each_ref().map(Server::url));
    assert_eq!((ran.status, ran.out.as_str()), (0, "second\n"));
    assert!(replicas[0].wait_until(|seen| seen.open_connections() == 0, Duration::from_secs(10)));
    assert_eq!(replicas[0].request_count(), replicas[0].disconnects());
}

#[test]
fn an_attempt_timeout_and_a_deadline_end_what_never_answers() {
    let (ran, server) = get_from("--attempt-timeout 400ms", [Answer::never(), Answer::ok("hello\n")]);
    assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (0, "hello\n", 2));

    let (ran, server) = get_from("--deadline 400ms", Answer::never());
    assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (28, "", 1));
    assert!(ran.err.contains("the deadline left no time"), "{}", ran.err);
}

#[test]
fn a_retry_after_beyond_the_limit_is_given_up_and_told() {
    let asking = || busy().header("Retry-After", "7");
    for limit in ["--max-retry-after 1s", "--deadline 2s"] {
        let (ran, server) = get_from(limit, asking());
        assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (22, "busy\n", 1), "{limit}");
        assert!(ran.err.contains("longer wait than is allowed (7s)"), "{}", ran.err);
    }
    let (ran, server) = get_from("--ignore-retry-after", [asking(), Answer::ok("hello\n")]);
    assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (0, "hello\n", 2));
}

#[test]
fn a_body_that_breaks_off_is_a_failure() {
    for torn in [
        Answer::ok("hello world\n").cut_at(5),
        Answer::ok("hello world\n").chunked().cut_at(5),
        Answer::ok("hello world\n").reset_at(5),
    ] {
        let (ran, server) = get_from("", torn.clone());
        assert_eq!((ran.status, server.request_count()), (18, 3), "{torn:?}: {}", ran.err);
        assert!("hello world\n".starts_with(&ran.out) && ran.out.len() < 12, "{torn:?}: {}", ran.out);
        assert!(ran.err.contains("the body broke off"), "{torn:?}: {}", ran.err);
    }
}

#[test]
fn a_body_that_breaks_off_is_retried_where_an_attempt_includes_it() {
    let torn = Answer::ok("hello world\n").cut_at(5);
    let (ran, server) = get_from("--whole-body", [torn.clone(), torn.clone(), Answer::ok("hello world\n")]);
    assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (0, "hello world\n", 3));

    let (ran, server) = get_from("--whole-body", torn);
    assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (18, "", 3));
    assert!(ran.err.contains("gave up after 3 attempts"), "{}", ran.err);
}

#[test]
fn a_body_that_stalls_is_ended_by_the_deadline() {
    for option in ["", "--whole-body"] {
        let (ran, _) = get_from(&format!("--deadline 150ms {option}"), Answer::ok("hello\n").stall_at(2));
        assert_eq!(ran.status, 28, "{option}: {}", ran.err);
    }
}

#[test]
fn bytes_are_written_as_they_are() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number * 7 % 256) as u8).collect();
    let server = Server::start(Answer::ok(bytes.clone())).unwrap();
    let output = run_bytes(&["get", &server.url()]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, bytes);
}

#[test]
fn a_file_appears_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let option = format!("-o {}", path.display());

    let (ran, _) = get_from(&option, Answer::ok("hello\n"));
    assert_eq!((ran.status, ran.out.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n");

    let (ran, _) = get_from(&option, Answer::ok("another text\n").cut_at(3));
    assert_eq!(ran.status, 18);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n", "what was there stays");

    let (ran, _) = get_from(&option, busy());
    assert_eq!(ran.status, 22);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n", "no error page takes its place");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing else is left behind");
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions_and_a_link_its_place() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("page"), folder.path().join("link"));
    std::fs::write(&path, "before").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();

    let (ran, _) = get_from(&format!("-o {}", link.display()), Answer::ok("hello\n"));
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.symlink_metadata().unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let (ran, _) = get_from("-o /dev/null", Answer::ok("hello\n"));
    assert_eq!((ran.status, ran.out.as_str()), (0, ""));
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn what_cannot_be_written_to_is_said_before_anything_is_sent() {
    for option in ["-o /nowhere/at/all", "--report /nowhere/at/all", "-o /"] {
        let (ran, server) = get_from(option, Answer::ok("hello\n"));
        assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (2, "", 0), "{option}");
        assert!(ran.err.contains(option), "{option}: {}", ran.err);
    }
}

#[test]
fn a_log_has_a_line_for_each_attempt_and_each_wait() {
    let (ran, server) = get_from("--log", [busy(), Answer::ok("hello\n")]);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!((ran.status, ran.out.as_str(), lines.len()), (0, "hello\n", 3), "{}", ran.err);
    let target = server.at("/x");
    assert!(lines[0].starts_with(&format!("#1 first in lane 0 of {target}: ")), "{}", ran.err);
    assert!(lines[0].ends_with(", status 503, retry"), "{}", ran.err);
    assert!(lines[1].starts_with("waiting ") && lines[1].contains(": status 503, next at "), "{}", ran.err);
    assert!(lines[2].starts_with(&format!("#2 retry in lane 0 of {target}: ")), "{}", ran.err);
    assert!(lines[2].ends_with(", status 200, accept"), "{}", ran.err);
}

#[test]
fn no_progress_is_shown_where_there_is_no_terminal() {
    let slow = Answer::ok("hello world\n").trickle(1, Duration::from_millis(110));
    let (ran, _) = get_from("", slow);
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "hello world\n", ""));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    use std::io::Read;
    use std::process::{Command, Stdio};

    let server = Server::start(Answer::ok(vec![b'x'; 4 << 20])).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_insist"))
        .args(["get", &server.url()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
    let ran = crate::run::ran(child.wait_with_output().unwrap());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}
