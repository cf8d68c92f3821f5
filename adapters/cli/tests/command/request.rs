//! `insist get`: what is sent.

use insist_flaky::{Answer, Seen, Server};

use crate::run::{insist, insist_with};

/// The one request that these arguments make.
fn sent_with(arguments: &[&str], input: &str) -> Seen {
    let server = Server::start(Answer::ok("")).unwrap();
    let url = server.at("/x?q=1");
    let words: Vec<&str> = ["get"].into_iter().chain(arguments.iter().copied()).chain([url.as_str()]).collect();
    let ran = insist_with(&words, input);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments:?}");
    let [request] = &server.requests()[..] else { panic!("{} requests", server.request_count()) };
    request.clone()
}

fn sent(arguments: &[&str]) -> Seen {
    sent_with(arguments, "")
}

fn body(arguments: &[&str]) -> String {
    String::from_utf8(sent(arguments).body.clone()).unwrap()
}

#[test]
fn nothing_said_is_a_get_without_a_body() {
    let request = sent(&[]);
    assert_eq!((request.method.as_str(), request.path.as_str(), request.body.len()), ("GET", "/x?q=1", 0));
    assert_eq!(request.header("content-length"), None);
    assert_eq!(request.header("content-type"), None);
}

#[test]
fn the_method_is_the_one_given() {
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "PURGE"] {
        assert_eq!(sent(&["-X", method]).method, method);
        assert_eq!(sent(&["--request", method]).method, method);
    }
    assert_eq!(sent(&["-X", "PUT", "-d", "x"]).body, b"x");
    assert_eq!(sent(&["-X", "GET", "-d", "x"]).body, b"x");
}

#[test]
fn headers_are_sent_as_given() {
    let request =
        sent(&["-H", "Accept: text/x", "-H", "X-Empty;", "-H", "X-Two: a", "-H", "X-Two: b", "-H", "User-Agent: me"]);
    assert_eq!(request.header("accept"), Some("text/x"));
    assert_eq!(request.header("x-empty"), Some(""));
    assert_eq!(request.header("user-agent"), Some("me"));
    assert_eq!(request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-two")).count(), 2);
    assert_eq!(request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("user-agent")).count(), 1);
}

#[test]
fn data_is_posted_as_a_form_unless_a_header_says_otherwise() {
    let request = sent(&["-d", "a=1", "-d", "b=2"]);
    assert_eq!((request.method.as_str(), request.body.as_slice()), ("POST", &b"a=1&b=2"[..]));
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.header("content-length"), Some("7"));

    let request = sent(&["-d", "{}", "-H", "content-type: application/json"]);
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type")).count(), 1);
    assert_eq!(body(&["-d", ""]), "");
    assert_eq!(sent(&["-d", ""]).method, "POST");
    assert_eq!(body(&["-d", "-x"]), "-x");
}

#[test]
fn data_is_read_from_files_as_curl_reads_them() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a\r\nb\n").unwrap();
    let name = format!("@{}", file.path().display());
    assert_eq!(body(&["-d", &name]), "ab");
    assert_eq!(body(&["--data-binary", &name]), "a\r\nb\n");
    assert_eq!(sent_with(&["-d", "@-"], "c\nd").body, b"cd");
    assert_eq!(sent_with(&["--data-binary", "@-"], "c\nd").body, b"c\nd");
    assert_eq!(body(&["-d", "a\nb"]), "a\nb", "only files are read like that");
}

#[test]
fn a_form_is_encoded() {
    let request = sent(&["--field", "name=Ada L&co", "--field", "q=a=b", "--field", "empty="]);
    assert_eq!(request.method, "POST");
    assert_eq!(request.body, b"name=Ada+L%26co&q=a%3Db&empty=");
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn a_url_without_a_scheme_is_http() {
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let ran = insist(&["get", &server.address().to_string()]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "hello\n"), "{}", ran.err);
}

#[test]
fn a_post_is_repeated_only_where_that_is_safe() {
    for (arguments, requests) in
        [(&[][..], 1), (&["--repeatable"], 2), (&["-H", "Idempotency-Key: 8e03"], 2), (&["-X", "PUT"], 2)]
    {
        let server = Server::start([Answer::status(503), Answer::ok("done\n")]).unwrap();
        let url = server.url();
        let words: Vec<&str> = ["get", "--base", "1ms", "-d", "x"]
            .into_iter()
            .chain(arguments.iter().copied())
            .chain([url.as_str()])
            .collect();
        let ran = insist(&words);
        assert_eq!(server.request_count(), requests, "{arguments:?}");
        assert_eq!(ran.status, if requests == 1 { 22 } else { 0 }, "{arguments:?}: {}", ran.err);
        assert!(server.requests().iter().all(|request| request.body == b"x"));
    }
}

#[test]
fn a_post_that_may_not_be_sent_twice_is_not_raced() {
    for (arguments, raced) in [(&[][..], false), (&["--repeatable"], true), (&["-X", "PUT"], true)] {
        let server = Server::start([Answer::never(), Answer::ok("second\n")]).unwrap();
        let alone = Server::start(Answer::ok("first\n")).unwrap();
        let url = if raced { server.url() } else { alone.url() };
        let words: Vec<&str> = ["get", "--lanes", "2", "-d", "x"]
            .into_iter()
            .chain(arguments.iter().copied())
            .chain([url.as_str()])
            .collect();
        let ran = insist(&words);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.err);
        assert_eq!(ran.err.contains("note: --lanes has no effect on a POST"), !raced, "{arguments:?}: {}", ran.err);
        assert_eq!(alone.request_count() == 1, !raced, "{arguments:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name_and_sends_nothing() {
    for (arguments, named) in [
        (&["ftp://127.0.0.1/"][..], &["ftp://127.0.0.1/", "http"][..]),
        (&["http://"], &["http://"]),
        (&["a b"], &["a b"]),
        (&[], &["URL"]),
        (&["-X", "GE T", "http://127.0.0.1"], &["GE T"]),
        (&["-H", "Accept", "http://127.0.0.1"], &["Accept", "Name: value"]),
        (&["-H", "Accept:", "http://127.0.0.1"], &["Accept", "Accept;"]),
        (&["-H", "A b: c", "http://127.0.0.1"], &["A b"]),
        (&["--form", "name", "http://127.0.0.1"], &["'name'", "name=value"]),
        (&["--field", "name", "http://127.0.0.1"], &["'name'", "name=value"]),
        (&["--form", "a=b", "-d", "c", "http://127.0.0.1"], &["--form", "--data"]),
        (&["-d", "@/nowhere/at/all", "http://127.0.0.1"], &["@/nowhere/at/all"]),
        (&["--retry-status", "404,99", "http://127.0.0.1"], &["'99'", "from 100 to 999"]),
        (&["--no-retry-status", "oops", "http://127.0.0.1"], &["'oops'"]),
        (&["--retry-status", "500", "--no-retry-status", "500", "http://127.0.0.1"], &["500", "--no-retry-status"]),
        (&["--attempts", "0", "http://127.0.0.1"], &["--attempts"]),
    ] {
        let words: Vec<&str> = ["get"].into_iter().chain(arguments.iter().copied()).collect();
        let ran = insist(&words);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
        for word in named {
            assert!(ran.err.contains(word), "{arguments:?}: {word} in {}", ran.err);
        }
    }
}
