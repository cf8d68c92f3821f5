//! Says what to use in place of those words of curl that mean nothing here.

/// Words of curl, and what to use instead.
const INSTEAD: [(&[&str], &str); 28] = [
    (&["-Z", "--parallel-immediate"], "--each fetches several URLs at once"),
    (&["--parallel-max"], "--each --parallel N fetches so many at once"),
    (&["--retry-all-errors"], "--retry-status adds statuses, and --repeatable lets any request be sent again"),
    (
        &["-K", "--config", "-q", "--disable"],
        "--policy FILE reads the policy from a file; other options are given on the line",
    ),
    (&["--limit-rate"], "there is no limit for the speed; --rate limits the attempts"),
    (&["-c", "--cookie-jar", "-j", "--junk-session-cookies"], "no cookies are kept; -b sends those that it is given"),
    (&["-D", "--dump-header"], "-i writes the head before the body, and -v shows it"),
    (&["-J", "--remote-header-name"], "-O names the file after the URL, which no server can change"),
    (&["-R", "--remote-time"], "a file has the time at which it was written"),
    (&["-n", "--netrc", "--netrc-file", "--netrc-optional"], "-u gives the user and password"),
    (
        &["--digest", "--ntlm", "--negotiate", "--anyauth", "--basic"],
        "-u gives the user and password of basic authentication",
    ),
    (&["--oauth2-bearer"], "-H 'Authorization: Bearer TOKEN' sends a token"),
    (&["--resolve", "--connect-to"], "-H 'Host: NAME' sends another name to the address in the URL"),
    (&["--interface", "--local-port"], "the system picks the address that connections come from"),
    (&["--socks4"], "-x socks4://host:port goes through it"),
    (&["--socks4a"], "-x socks4a://host:port goes through it"),
    (&["--socks5"], "-x socks5://host:port goes through it"),
    (&["--socks5-hostname"], "-x socks5h://host:port goes through it"),
    (&["--preproxy"], "-x takes one proxy"),
    (&["--noproxy"], "the environment variable no_proxy lists hosts that need no proxy"),
    (&["-Y", "--speed-limit", "-y", "--speed-time"], "--idle-timeout ends an attempt whose connection is silent"),
    (&["--http2", "--http2-prior-knowledge", "--http3", "--http3-only"], "requests are sent as HTTP/1.1"),
    (&["-z", "--time-cond"], "-H 'If-Modified-Since: DATE' asks for what is newer"),
    (&["--trace", "--trace-ascii"], "-v shows heads and decisions"),
    (&["-M", "--manual"], "--help says it all"),
    (&["--url-query"], "-G --data-urlencode adds to the query"),
    (&["--create-dirs"], "--output-dir makes its folder; other folders have to be there"),
    (&["--proxy-user", "-U"], "-x http://user:password@host:port has them"),
];

/// Returns what to use in place of a word of curl, if it means nothing here.
pub(crate) fn instead(word: &str) -> Option<&'static str> {
    let word = word.split('=').next()?;
    INSTEAD.iter().find(|(words, _)| words.contains(&word)).map(|(_, instead)| *instead)
}
