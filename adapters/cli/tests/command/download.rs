//! `insist get` as a downloader: bodies that break off, files that are continued, limits.

use std::fs::{read, read_to_string, write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};

use crate::run::{Ran, insist};

const TEXT: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

fn get(folder: &Path, arguments: &str, url: &str) -> Ran {
    let file = folder.join("f");
    let words = ["get", "--base", "1ms", "-o", file.to_str().unwrap()];
    insist(&words.into_iter().chain(arguments.split_whitespace()).chain([url]).collect::<Vec<_>>())
}

/// A server of ranges whose answers break off after so many bytes, until less than that is left.
fn ranges(body: &'static [u8], cut: usize, validator: &'static str) -> Server {
    Server::start(Script::each(move |request, _| {
        let header = |answer: Answer| match validator.split_once(": ") {
            Some((name, value)) => answer.header(name, value),
            None => answer,
        };
        let is_same = request.header("if-range").is_none_or(|value| validator.ends_with(value));
        let from = request.header("range").filter(|_| is_same).map(|range| {
            range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')).unwrap().parse::<usize>().unwrap()
        });
        let answer = match from {
            Some(from) if from >= body.len() => {
                return header(Answer::status(416).header("Content-Range", format!("bytes */{}", body.len())));
            }
            Some(from) => Answer::status(206)
                .body(&body[from..])
                .header("Content-Range", format!("bytes {from}-{}/{}", body.len() - 1, body.len())),
            None => Answer::ok(body),
        };
        let left = body.len() - from.unwrap_or(0);
        header(if left > cut { answer.cut_at(cut) } else { answer })
    }))
    .unwrap()
}

fn asked(server: &Server) -> Vec<Option<String>> {
    server.requests().iter().map(|request| request.header("range").map(str::to_owned)).collect()
}

#[test]
fn a_body_that_breaks_off_is_continued_where_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let server = ranges(TEXT.as_bytes(), 15, "ETag: \"x\"");
    let ran = get(folder.path(), "", &server.url());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), TEXT);
    let asked = asked(&server);
    assert_eq!(asked, [None, Some("bytes=15-".into()), Some("bytes=30-".into())]);
    assert!(server.requests()[1..].iter().all(|request| request.header("if-range") == Some("\"x\"")));
    assert!(server.requests().iter().all(|request| request.header("accept-encoding").is_none()));

    let ran = insist(&["get", "--base", "1ms", &server.url()]);
    assert_eq!((ran.status, ran.out.as_str()), (0, TEXT), "to standard output too: {}", ran.err);
}

#[test]
fn without_a_validator_it_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    for validator in ["", "ETag: W/\"x\""] {
        let server = Server::start(Script::each(move |_, number| {
            let answer = if let Some((name, value)) = validator.split_once(": ") {
                Answer::ok(TEXT).header(name, value)
            } else {
                Answer::ok(TEXT)
            };
            if number == 1 { answer.cut_at(15) } else { answer }
        }))
        .unwrap();
        let ran = get(folder.path(), "", &server.url());
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert_eq!(read_to_string(folder.path().join("f")).unwrap(), TEXT);
        assert_eq!(asked(&server), [None, None]);
    }
}

#[test]
fn another_version_replaces_what_came_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = Answer::ok(TEXT).header("ETag", "\"1\"").cut_at(15);
    let second = || Answer::ok("another text").header("ETag", "\"2\"");
    let server = Server::start([first.clone(), second()]).unwrap();
    assert_eq!(get(folder.path(), "", &server.url()).status, 0);
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), "another text");

    let server = Server::start([first, second()]).unwrap();
    let ran = insist(&["get", "--base", "1ms", &server.url()]);
    assert_eq!(
        (ran.status, ran.out.as_str()),
        (18, &TEXT[..15]),
        "but nothing of it goes behind the first on a stream"
    );
    assert!(ran.err.contains("begins otherwise"), "{}", ran.err);
}

#[test]
fn ranges_that_lie_are_not_believed() {
    let part =
        |range: &str, body: &str| Answer::status(206).header("Content-Range", range).header("ETag", "\"x\"").body(body);
    for lie in [
        part("bytes 10-35/36", &TEXT[10..]),
        part("bytes 15-40/41", "another body of 26 bytes.."),
        part("nonsense", &TEXT[15..]),
        Answer::status(206).header("Content-Range", "bytes 15-35/36").header("ETag", "\"y\"").body(&TEXT[15..]),
        Answer::status(416),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let whole = || Answer::ok(TEXT).header("ETag", "\"x\"");
        let server = Server::start([whole().cut_at(15), lie.clone(), whole()]).unwrap();
        let ran = get(folder.path(), "", &server.url());
        assert_eq!(ran.status, 0, "{lie:?}: {}", ran.err);
        assert_eq!(read_to_string(folder.path().join("f")).unwrap(), TEXT, "{lie:?}");
        assert_eq!(asked(&server), [None, Some("bytes=15-".into()), None], "{lie:?}");
    }
}

#[test]
fn a_stream_goes_on_with_what_it_was_not_given_yet() {
    let server = Server::start([Answer::ok(TEXT).cut_at(20), Answer::ok(TEXT).cut_at(10), Answer::ok(TEXT)]).unwrap();
    let ran = insist(&["get", "--base", "1ms", &server.url()]);
    assert_eq!((ran.status, ran.out.as_str(), server.request_count()), (0, TEXT, 3), "{}", ran.err);
}

#[test]
fn a_post_is_not_sent_again_for_its_body() {
    let server = Server::start(Answer::ok(TEXT).cut_at(15)).unwrap();
    let ran = insist(&["get", "--base", "1ms", "-d", "x", &server.url()]);
    assert_eq!((ran.status, server.request_count()), (18, 1), "{}", ran.err);
}

#[test]
fn a_call_continues_what_an_earlier_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let server = ranges(TEXT.as_bytes(), 15, "ETag: \"x\"");
    let left = |name: &str| folder.path().join(name);
    for (attempt, bytes) in [15, 30].into_iter().enumerate() {
        let ran = get(folder.path(), "-C - --attempts 1", &server.url());
        assert_eq!(ran.status, 18, "{}", ran.err);
        assert_eq!(read(left("f.part")).unwrap().len(), bytes, "call {attempt}");
        assert!(!left("f").exists());
    }
    assert_eq!(get(folder.path(), "-C - --attempts 1", &server.url()).status, 0);
    assert_eq!(read_to_string(left("f")).unwrap(), TEXT);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is left beside it");
    assert_eq!(asked(&server), [None, Some("bytes=15-".into()), Some("bytes=30-".into())]);
    assert_eq!(server.requests()[2].header("if-range"), Some("\"x\""));

    assert_eq!(get(folder.path(), "-C -", &server.url()).status, 0, "what is complete stays so");
    assert_eq!(read_to_string(left("f")).unwrap(), TEXT);
}

#[test]
fn what_curl_left_is_continued_in_trust() {
    let folder = tempfile::tempdir().unwrap();
    let server = ranges(TEXT.as_bytes(), 100, "ETag: \"x\"");
    write(folder.path().join("f"), &TEXT[..7]).unwrap();
    assert_eq!(get(folder.path(), "-C -", &server.url()).status, 0);
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), TEXT);
    assert_eq!(asked(&server), [Some("bytes=7-".into())]);
}

#[test]
fn a_version_that_changed_between_two_calls_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(Answer::ok(TEXT).header("ETag", "\"1\"").cut_at(15)).unwrap();
    assert_eq!(get(folder.path(), "-C - --attempts 1", &first.url()).status, 18);
    let second = ranges(b"another text, and a longer one", 100, "ETag: \"2\"");
    assert_eq!(get(folder.path(), "-C -", &second.url()).status, 0);
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), "another text, and a longer one");
}

#[test]
fn an_error_page_is_no_part_of_what_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start([
        Answer::ok(TEXT).header("ETag", "\"1\"").cut_at(15),
        Answer::status(503).body("busy"),
        Answer::status(404).body("no"),
    ])
    .unwrap();
    assert_eq!(get(folder.path(), "-C - --attempts 2", &server.url()).status, 22);
    assert_eq!(get(folder.path(), "-C -", &server.url()).status, 22);
    assert_eq!(read_to_string(folder.path().join("f.part")).unwrap(), &TEXT[..15]);
}

#[test]
fn a_signal_leaves_what_a_later_call_continues() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Answer::ok(TEXT).header("ETag", "\"1\"").stall_at(15)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_insist"))
        .args(["get", "-C", "-", "-o", "f", &server.url()])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let part = || read(folder.path().join("f.part")).is_ok_and(|bytes| bytes.len() == 15);
    while !part() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let server = ranges(TEXT.as_bytes(), 100, "ETag: \"1\"");
    assert_eq!(get(folder.path(), "-C -", &server.url()).status, 0);
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), TEXT);
    assert_eq!(asked(&server), [Some("bytes=15-".into())]);
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for answer in [Answer::ok(TEXT), Answer::ok(TEXT).chunked()] {
        let server = Server::start(answer).unwrap();
        let ran = get(folder.path(), "--max-filesize 35", &server.url());
        assert_eq!((ran.status, server.request_count()), (63, 1), "{}", ran.err);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        assert_eq!(get(folder.path(), "--max-filesize 36", &server.url()).status, 0);
        std::fs::remove_file(folder.path().join("f")).unwrap();
    }
}

#[test]
fn a_silent_body_is_continued_and_a_slow_one_is_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start([Answer::ok(TEXT).header("ETag", "\"x\"").stall_at(15), Answer::ok(TEXT)]).unwrap();
    let ran = get(folder.path(), "--idle-timeout 200ms --log", &server.url());
    assert_eq!((ran.status, server.request_count()), (0, 2), "{}", ran.err);
    assert!(ran.err.contains("broke off after 15 bytes: timeout: per read"), "{}", ran.err);

    let drip = Server::start(Answer::ok(TEXT).trickle(6, Duration::from_millis(60))).unwrap();
    for limits in ["--idle-timeout 2s --attempt-timeout 150ms", "--idle-timeout none"] {
        let ran = get(folder.path(), limits, &drip.url());
        assert_eq!(ran.status, 0, "{limits}: {}", ran.err);
    }
    let ran = get(folder.path(), "--max-time 0.15 --retry 1", &drip.url());
    assert_eq!(ran.status, 28, "{}", ran.err);
}

/// A server as it should not be: cuts, resets, throttles, lies about ranges, and answers with errors now and then.
fn troublesome(body: Vec<u8>) -> Server {
    Server::start(Script::each(move |request, number| {
        let from = request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let from = from.filter(|from| *from < body.len());
        let etag = |answer: Answer| answer.header("ETag", "\"big\"");
        let range = |from: usize, told: usize| {
            let answer = Answer::status(206).body(&body[from..]);
            etag(answer.header("Content-Range", format!("bytes {told}-{}/{}", body.len() - 1, body.len())))
        };
        match (number % 7, from) {
            (1, _) => Answer::status(503).header("Retry-After", "0").body("busy"),
            (2, None) => etag(Answer::ok(body.clone())).cut_at(body.len() / 3),
            (2, Some(from)) => range(from, from).cut_at((body.len() - from) / 2),
            (3, Some(from)) => range(from, from + 1),
            (4, Some(from)) => range(from, from).reset_at((body.len() - from) / 2),
            (5, _) => Answer::garbage(),
            (6, Some(from)) => range(from, from),
            (_, _) => etag(Answer::ok(body.clone())).cut_at(body.len() / 2),
        }
    }))
    .unwrap()
}

#[cfg(unix)]
#[test]
fn ten_lines_of_shell_download_through_a_server_that_cuts_throttles_and_lies() {
    let folder = tempfile::tempdir().unwrap();
    let bodies: Vec<Vec<u8>> = [3_000_000_u32, 200_000, 7]
        .iter()
        .map(|size| (0..*size).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect())
        .collect();
    let servers: Vec<Server> = bodies.iter().map(|body| troublesome(body.clone())).collect();
    let sums: String = bodies
        .iter()
        .enumerate()
        .map(|(index, body)| {
            let path: PathBuf = folder.path().join(format!("expected-{index}"));
            write(&path, body).unwrap();
            let out = std::process::Command::new("sha256sum").arg(&path).output().unwrap().stdout;
            format!("{}  file-{index}\n", String::from_utf8(out).unwrap().split(' ').next().unwrap())
        })
        .collect();
    write(folder.path().join("sums"), sums).unwrap();
    let list: String =
        servers.iter().enumerate().map(|(index, server)| format!("{index} {}\n", server.url())).collect();
    write(folder.path().join("list"), list).unwrap();
    let script = "set -eu\n\
                  while read -r number url; do\n\
                  tries=0\n\
                  until \"$INSIST\" get -fsS --retry 5 --retry-delay 0.001 -C - -o \"file-$number\" \"$url\"; do\n\
                  tries=$((tries + 1))\n\
                  test $tries -lt 20\n\
                  done\n\
                  done <list\n\
                  sha256sum -c sums\n\
                  ls *.part* 2>/dev/null && exit 1 || exit 0\n";
    let output = std::process::Command::new("sh")
        .args(["-c", script])
        .env("INSIST", env!("CARGO_BIN_EXE_insist"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(servers.iter().all(|server| server.request_count() > 1));
}

#[test]
fn the_body_of_a_race_is_continued_too() {
    let folder = tempfile::tempdir().unwrap();
    let server = ranges(TEXT.as_bytes(), 15, "ETag: \"x\"");
    let report = folder.path().join("r");
    let arguments = format!("--lanes 2 --hedge-after 5s --attempts 4 --report {}", report.display());
    let ran = get(folder.path(), &arguments, &server.url());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), TEXT);
    assert_eq!(asked(&server), [None, Some("bytes=15-".into()), Some("bytes=30-".into())]);
    let report: serde_json::Value = serde_json::from_str(&read_to_string(report).unwrap()).unwrap();
    assert_eq!((&report["attempts"], &report["winner"]["attempt"]), (&3.into(), &3.into()), "{report}");
    let log = report["log"].as_array().unwrap();
    let verdicts: Vec<_> = log.iter().map(|entry| (&entry["attempt"], entry["verdict"].as_str().unwrap())).collect();
    assert_eq!(verdicts, [(&1.into(), "retry"), (&2.into(), "retry"), (&3.into(), "accept")], "{report}");

    let server = Server::start(Answer::ok(TEXT).cut_at(15)).unwrap();
    let ran = get(folder.path(), "--lanes 2 --hedge-after 5s --attempts 3", &server.url());
    assert_eq!((ran.status, server.request_count()), (18, 3), "{}", ran.err);
    assert!(ran.err.contains("gave up after 3 attempts"), "{}", ran.err);
}

#[test]
fn ranges_that_are_shorter_or_longer_than_the_rest_are_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let part = |from: usize, to: usize, body: &str| {
        let range = format!("bytes {from}-{to}/{}", TEXT.len());
        Answer::status(206).header("Content-Range", range).header("ETag", "\"x\"").body(body)
    };
    let whole = || Answer::ok(TEXT).header("ETag", "\"x\"");
    let short = [whole().cut_at(5), part(5, 19, &TEXT[5..20]), part(20, 35, &TEXT[20..])];
    let server = Server::start(short).unwrap();
    assert_eq!(get(folder.path(), "", &server.url()).status, 0);
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), TEXT);

    let server =
        Server::start([whole().cut_at(5), part(5, 35, &(TEXT[5..].to_owned() + "and more")), whole()]).unwrap();
    assert_eq!(get(folder.path(), "", &server.url()).status, 0);
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), TEXT);
}
