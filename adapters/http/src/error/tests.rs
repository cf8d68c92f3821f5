use std::fmt;

use super::*;

/// An error with a source, as clients wrap them.
#[derive(Debug)]
struct Wrapped(BoxError);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request failed")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

fn io(kind: ErrorKind) -> io::Error {
    kind.into()
}

#[test]
fn a_connection_that_breaks_is_retried_and_was_perhaps_sent() {
    for kind in [
        ErrorKind::BrokenPipe,
        ErrorKind::ConnectionAborted,
        ErrorKind::ConnectionReset,
        ErrorKind::TimedOut,
        ErrorKind::UnexpectedEof,
    ] {
        assert_eq!(judge_error(&io(kind)), Verdict::retry(), "{kind}");
    }
}

#[test]
fn a_refused_connection_was_not_sent() {
    assert_eq!(judge_error(&io(ErrorKind::ConnectionRefused)), Verdict::retry().unsent());
}

#[test]
fn what_would_happen_again_stops() {
    for kind in [ErrorKind::InvalidData, ErrorKind::InvalidInput, ErrorKind::PermissionDenied, ErrorKind::Unsupported] {
        assert_eq!(judge_error(&io(kind)), Verdict::Stop, "{kind}");
    }
    let uri = "http://[".parse::<http::Uri>().map_err(http::Error::from).unwrap_err();
    assert_eq!(judge_error(&uri), Verdict::Stop);
}

#[test]
fn sources_are_looked_at_also_inside_io_errors() {
    let wrapped = Wrapped(Wrapped(io(ErrorKind::ConnectionRefused).into()).into());
    assert_eq!(judge_error(&wrapped), Verdict::retry().unsent());
    let within = io::Error::other(Wrapped(io(ErrorKind::InvalidData).into()));
    assert_eq!(judge_error(&within), Verdict::Stop);
    let within = io::Error::other(io(ErrorKind::ConnectionRefused));
    assert_eq!(judge_error(&within), Verdict::retry().unsent());
}

#[test]
fn what_nobody_knows_is_retried_and_was_perhaps_sent() {
    assert_eq!(judge_error(&Wrapped("odd".into())), Verdict::retry());
}

#[test]
fn an_error_and_a_box_of_one_are_judged_alike() {
    let boxed: BoxError = io(ErrorKind::InvalidData).into();
    assert_eq!(judge_error(AsError::<InItsBox>::as_error(&boxed)), Verdict::Stop);
    assert_eq!(judge_error(AsError::<ByItself>::as_error(&io(ErrorKind::InvalidData))), Verdict::Stop);
}

#[cfg(feature = "hyper")]
mod hyper {
    use h2::Reason;

    use super::*;

    #[test]
    fn reasons_of_http2_are_retried_or_stop() {
        let judged = |reason: Reason| judge_error(&h2::Error::from(reason));
        assert_eq!(judged(Reason::INTERNAL_ERROR), Verdict::retry());
        assert_eq!(judged(Reason::ENHANCE_YOUR_CALM), Verdict::retry().throttled());
        assert_eq!(judged(Reason::PROTOCOL_ERROR), Verdict::Stop);
        assert_eq!(judged(Reason::HTTP_1_1_REQUIRED), Verdict::Stop);
        // Only the peer's word counts; this one is our own.
        assert_eq!(judged(Reason::REFUSED_STREAM), Verdict::retry());
    }
}
