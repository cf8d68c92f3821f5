//! The words that users of curl type, and the exit statuses that their scripts look at.

use std::fs::{read_to_string, write};
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};

use crate::run::{Ran, insist, insist_with};

fn get(arguments: &[&str], server: &Server) -> Ran {
    let url = server.at("/x?q=1");
    insist(&[&["get", "--base", "1ms"], arguments, &[&url]].concat())
}

fn sent(arguments: &[&str]) -> insist_flaky::Seen {
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let ran = get(arguments, &server);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments:?}");
    server.requests()[0].clone()
}

#[test]
fn headers_have_words_of_their_own() {
    for (arguments, name, value) in [
        (&["-A", "me/1"][..], "user-agent", "me/1"),
        (&["-e", "http://from/"], "referer", "http://from/"),
        (&["-b", "a=1; b=2", "-b", "c=3"], "cookie", "a=1; b=2; c=3"),
        (&["-u", "alice:secret"], "authorization", "Basic YWxpY2U6c2VjcmV0"),
        (&["-r", "0-9"], "range", "bytes=0-9"),
        (&["-r", "-5"], "range", "bytes=-5"),
        (&["--compressed"], "accept-encoding", "gzip"),
        (&["-A", "other", "-H", "User-Agent: me/2"], "user-agent", "me/2"),
    ] {
        let request = sent(arguments);
        assert_eq!(request.header(name), Some(value), "{arguments:?}");
        assert_eq!(request.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name)).count(), 1);
    }
}

#[test]
fn json_has_its_types() {
    let request = sent(&["--json", "{\"a\":", "--json", "1}"]);
    assert_eq!((request.method.as_str(), &request.body[..]), ("POST", &b"{\"a\":1}"[..]));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(sent(&["--json", "{}", "-H", "Content-Type: a/b"]).header("content-type"), Some("a/b"));
}

#[test]
fn data_is_urlencoded_as_curl_does() {
    let file = tempfile::NamedTempFile::new().unwrap();
    write(file.path(), "a b\n").unwrap();
    let path = file.path().display();
    let request = sent(&[
        "--data-urlencode",
        "a b&c",
        "--data-urlencode",
        "=x=y",
        "--data-urlencode",
        "n=ü~",
        "--data-urlencode",
        &format!("@{path}"),
        "--data-urlencode",
        &format!("f@{path}"),
        "--data-raw",
        "@raw",
    ]);
    assert_eq!(String::from_utf8_lossy(&request.body), "@raw&a%20b%26c&x%3Dy&n=%C3%BC~&a%20b%0A&f=a%20b%0A");
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn data_goes_into_the_query_with_get() {
    let request = sent(&["-G", "-d", "a=1", "--data-urlencode", "b=x y"]);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/x?q=1&a=1&b=x%20y"));
    assert_eq!((request.body.len(), request.header("content-type")), (0, None));
}

#[test]
fn a_form_is_multipart_and_the_same_in_every_attempt() {
    let file = tempfile::NamedTempFile::new().unwrap();
    write(file.path(), "{}").unwrap();
    let server = Server::start([Answer::status(503), Answer::ok("")]).unwrap();
    let part = format!("c=@{};type=application/json", file.path().display());
    assert_eq!(get(&["-F", &part, "-F", "d=1", "--repeatable"], &server).status, 0);
    let requests = server.requests();
    let kind = requests[0].header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = String::from_utf8_lossy(&requests[0].body).into_owned();
    assert!(
        body.starts_with(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"c\"; filename=\"")),
        "{body}"
    );
    assert!(
        body.contains("\r\nContent-Type: application/json\r\n\r\n{}\r\n")
            && body.ends_with(&format!("--{boundary}--\r\n")),
        "{body}"
    );
    assert_eq!(
        (requests[0].method.as_str(), &requests[0].body, requests[1].header("content-type")),
        ("POST", &requests[1].body, Some(kind))
    );
}

#[test]
fn a_file_is_uploaded_with_put() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a b.txt");
    write(&file, "text").unwrap();
    let request = sent(&["-T", file.to_str().unwrap()]);
    assert_eq!((request.method.as_str(), &request.body[..], request.path.as_str()), ("PUT", &b"text"[..], "/x?q=1"));
    assert_eq!(request.header("content-type"), None);

    let server = Server::start(Answer::ok("")).unwrap();
    assert_eq!(insist(&["get", "-T", file.to_str().unwrap(), &server.at("/in/")]).status, 0);
    assert_eq!(insist_with(&["get", "-T", "-", &server.at("/in/")], "piped").status, 0);
    let requests = server.requests();
    assert_eq!((requests[0].path.as_str(), requests[1].path.as_str()), ("/in/a%20b.txt", "/in/"));
    assert_eq!(requests[1].body, b"piped");
}

#[test]
fn the_head_is_written_on_demand() {
    let server = Server::start(Answer::ok("hello\n").header("X-Own", "y")).unwrap();
    let ran = get(&["-i"], &server);
    assert!(ran.out.starts_with("HTTP/1.1 200 OK\r\n") && ran.out.contains("\r\nx-own: y\r\n"), "{}", ran.out);
    assert!(ran.out.ends_with("\r\n\r\nhello\n"), "{}", ran.out);
    let ran = get(&["-I"], &server);
    assert!(ran.out.starts_with("HTTP/1.1 200 OK\r\n") && ran.out.ends_with("\r\n\r\n"), "{}", ran.out);
    assert_eq!(server.requests()[1].method, "HEAD");
}

#[test]
fn the_head_is_written_once_however_often_the_body_breaks_off() {
    let server = Server::start([Answer::ok("hello\n").cut_at(2), Answer::ok("hello\n")]).unwrap();
    let ran = get(&["-i"], &server);
    assert_eq!((ran.status, ran.out.matches("HTTP/1.1").count()), (0, 1), "{}", ran.out);
    assert!(ran.out.ends_with("\r\n\r\nhello\n"), "{}", ran.out);
}

#[test]
fn failures_are_written_nowhere_or_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f");
    let path = file.to_str().unwrap();
    for status in [404, 503] {
        let server = Server::start(Answer::status(status).body("page\n")).unwrap();
        for (arguments, exit, out, kept) in [
            (&["-f"][..], 22, "", "GOOD"),
            (&["--fail-with-body"], 22, "page\n", "GOOD"),
            (&[], if status == 404 { 0 } else { 22 }, "page\n", "GOOD"),
            (&["-o", path], 22, "", "GOOD"),
            (&["-f", "-o", path], 22, "", "GOOD"),
            (&["--fail-with-body", "-o", path], 22, "", "page\n"),
        ] {
            write(&file, "GOOD").unwrap();
            let ran = get(arguments, &server);
            assert_eq!((ran.status, ran.out.as_str()), (exit, out), "{status} {arguments:?}: {}", ran.err);
            assert_eq!(read_to_string(&file).unwrap(), kept, "{status} {arguments:?}");
            assert_eq!(ran.err.contains(&status.to_string()), exit != 0, "{status} {arguments:?}: {}", ran.err);
        }
    }
}

#[test]
fn many_files_are_kept_from_error_pages_too() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("a"), "GOOD").unwrap();
    let server = Server::start(Answer::status(404).body("page\n")).unwrap();
    let option = folder.path().to_str().unwrap();
    let ran = insist(&["get", "--each", "--output-dir", option, &server.at("/a"), &server.at("/b")]);
    assert_eq!(ran.status, 22, "{}", ran.err);
    assert_eq!(read_to_string(folder.path().join("a")).unwrap(), "GOOD");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn a_file_is_named_after_the_url() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_insist"));
    let status =
        command.args(["get", "-O", &server.at("/a/..%2f..%2fb?x=/../c")]).current_dir(folder.path()).status().unwrap();
    assert!(status.success());
    let names: Vec<_> =
        folder.path().read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, ["_._2f.._2fb_x__.._c"]);
}

#[test]
fn silence_is_kept_and_errors_are_shown_on_demand() {
    let server = Server::start(Answer::status(503)).unwrap();
    assert_eq!(get(&["-s"], &server).err, "");
    assert!(get(&["-sS"], &server).err.starts_with("insist: gave up after 3 attempts"));
}

#[test]
fn heads_are_shown_without_secrets() {
    let server = Server::start(Answer::ok("hello\n").header("X-Own", "y")).unwrap();
    let ran = get(&["-v", "-u", "alice:SECRET", "-H", "X-Key: SECRET"], &server);
    assert!(
        ran.err.contains("> GET http://") && ran.err.contains("> x-key: …") && ran.err.contains("< x-own: y"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("SECRET") && ran.err.contains("status 200, accept"), "{}", ran.err);
}

#[test]
fn what_is_asked_for_is_written_at_the_end() {
    let server = Server::start([Answer::status(503), Answer::ok("hello\n").header("Content-Type", "a/b")]).unwrap();
    let ran = get(&["-w", "%{http_code} %{num_retries} %{size_download} %{content_type} %{exitcode}\\n"], &server);
    assert_eq!(ran.out, "hello\n200 1 6 a/b 0\n");
    let server = Server::start(Answer::reset()).unwrap();
    assert_eq!(get(&["-w", "%{http_code} %{exitcode}", "-o", "/dev/null"], &server).out, "000 56");
    let ran = get(&["-w", "%{time_pretransfer}"], &server);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("time_pretransfer") && ran.err.contains("time_total"), "{}", ran.err);
}

#[test]
fn retries_have_words_of_their_own() {
    let server = Server::start(Answer::status(503)).unwrap();
    let ran = insist(&["get", "--retry", "4", "--retry-delay", "0.001", "--log", &server.url()]);
    assert_eq!((ran.status, server.request_count(), ran.err.matches("waiting ").count()), (22, 5, 4), "{}", ran.err);

    let server = Server::start(Answer::status(503)).unwrap();
    let ran = insist(&["get", "--retry", "100", "--retry-delay", "0.02", "--retry-max-time", "0.1", &server.url()]);
    assert!(ran.status == 75 && (1..50).contains(&server.request_count()), "{}", ran.err);
    assert!(ran.err.contains("--retry-max-time is over"), "{}", ran.err);

    let server = Server::start(Answer::never()).unwrap();
    let ran = insist(&["get", "--retry", "1", "--base", "1ms", "-m", "0.4", &server.url()]);
    assert_eq!((ran.status, server.request_count()), (28, 2), "{}", ran.err);
    assert_eq!(insist(&["get", "--retry", "1", "--attempts", "2", &server.url()]).status, 2);
}

#[test]
fn redirects_are_followed_and_can_be_left() {
    let script = || {
        Script::paths()
            .path("/x", Answer::status(302).header("Location", "/y").body("moved"))
            .path("/y", Answer::ok("there"))
    };
    let server = Server::start(script()).unwrap();
    assert_eq!(get(&["-L"], &server).out, "there");
    let ran = get(&["--max-redirs", "0"], &server);
    assert_eq!((ran.status, ran.out.as_str()), (0, "moved"), "{}", ran.err);
    let server = Server::start(Answer::status(302).header("Location", "/x")).unwrap();
    assert_eq!(get(&["--max-redirs", "3"], &server).status, 47);
}

#[test]
fn words_that_mean_nothing_here_say_what_to_use_instead() {
    for (word, instead) in [
        ("-Z", "--each"),
        ("--parallel-max", "--each --parallel N"),
        ("--limit-rate", "--rate"),
        ("-K", "--policy"),
        ("--retry-all-errors", "--retry-status"),
        ("-J", "-O"),
        ("-D", "-i"),
        ("--netrc", "-u"),
        ("--http2", "HTTP/1.1"),
        ("--socks5", "-x"),
    ] {
        let ran = insist(&["get", word, "http://127.0.0.1:9"]);
        assert_eq!(ran.status, 2, "{word}");
        assert!(ran.err.contains(&format!("{word} of curl")) && ran.err.contains(instead), "{word}: {}", ran.err);
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (arguments, named) in [
        (&["-u", "alice"][..], &["--user", "`user:`"][..]),
        (&["-b", "cookies.txt"], &["--cookie", "name=value"]),
        (&["-C", "-"], &["-C", "-o or -O"]),
        (&["-C", "100"], &["--continue-at", "'100'"]),
        (&["-F", "a=@/nowhere/at/all"], &["--form", "/nowhere/at/all"]),
        (&["-F", "a=b", "-d", "c"], &["--form", "--data"]),
        (&["-T", "/nowhere/at/all"], &["-T", "/nowhere/at/all"]),
        (&["-O", "-o", "x"], &["--remote-name", "--output"]),
        (&["-x", "nonsense://alice:secret@h:1"], &["--proxy nonsense://", "socks5h://host:port"]),
        (&["--cacert", "/nowhere/at/all"], &["--cacert", "/nowhere/at/all"]),
        (&["--cacert", "/dev/null"], &["--cacert", "no certificate"]),
        (&["--max-time", "soon"], &["--max-time", "'soon'"]),
        (&["--max-filesize", "5x"], &["--max-filesize", "10M"]),
        (&["-A", "a\nb"], &["--user-agent", "end of a line"]),
    ] {
        let ran = insist(&[&["get"], arguments, &["http://127.0.0.1:9/"]].concat());
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
        assert!(named.iter().all(|word| ran.err.contains(word)), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn each_kind_of_failure_has_its_exit_status() {
    let status = |arguments: &[&str]| insist(&[&["get", "--attempts", "1"], arguments].concat()).status;
    let server = |answer: Answer| Server::start(answer).unwrap();
    assert_eq!(status(&["http://host.invalid/"]), 6);
    let gone = server(Answer::ok(""));
    let url = gone.url();
    gone.stop();
    assert_eq!(status(&[&url]), 7);
    assert_eq!(status(&[&server(Answer::garbage()).url()]), 8);
    assert_eq!(status(&[&server(Answer::ok("hello").cut_at(2)).url()]), 18);
    assert_eq!(status(&[&server(Answer::status(503)).url()]), 22);
    assert_eq!(status(&[&server(Answer::ok("hello")).url(), "-o", "/dev/full"]), 23);
    assert_eq!(status(&[&server(Answer::never()).url(), "--max-time", "0.1"]), 28);
    let plain = server(Answer::garbage());
    assert_eq!(status(&[&plain.url().replace("http://", "https://")]), 35);
    assert_eq!(status(&[&server(Answer::close()).url()]), 56);
    assert_eq!(status(&[&server(Answer::ok("hello")).url(), "--max-filesize", "4"]), 63);
    let busy = server(Answer::status(503));
    assert_eq!(insist(&["get", "--budget", "0.001,reserve=0", &busy.url()]).status, 75);
}

#[test]
fn a_report_may_go_to_standard_output() {
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let ran = get(&["--report", "-", "-o", "/dev/null"], &server);
    assert!(ran.status == 0 && ran.out.starts_with('{') && ran.out.ends_with("}\n"), "{}{}", ran.out, ran.err);
}

#[test]
fn nothing_of_a_whole_body_is_written_before_it_is_complete() {
    let server =
        Server::start([Answer::ok("another text").cut_at(5), Answer::ok("hello\n").after(Duration::from_millis(5))])
            .unwrap();
    let ran = get(&["--whole-body"], &server);
    assert_eq!((ran.status, ran.out.as_str()), (0, "hello\n"), "{}", ran.err);
}
