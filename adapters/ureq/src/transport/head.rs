//! Looks at the head of an answer before ureq does, and mends what ureq would stumble over.

use ureq::unversioned::transport::Buffers;

/// The place of the first digit of the status in `HTTP/1.1 200 OK`.
const STATUS: usize = 9;

const END: &[u8] = b"\r\n\r\n";

/// Returns the first digit of the status, if it is there.
#[inline]
pub(super) fn class(input: &[u8]) -> Option<u8> {
    input.get(STATUS).copied()
}

/// Returns the length of a head, if it is whole.
pub(super) fn length(input: &[u8]) -> Option<usize> {
    Some(input.windows(END.len()).position(|bytes| bytes == END)? + END.len())
}

/// Removes the fields of interim answers (1xx but 101) at the beginning of the input: ureq takes a 100 with fields for an
/// error, or for the final answer.
pub(super) fn strip_interim(buffers: &mut dyn Buffers) {
    let input = buffers.input();
    let mut stripped = Vec::new();
    let mut rest = input;
    while is_interim(rest) {
        let Some(length) = length(rest) else { break };
        let line = rest.windows(2).position(|bytes| bytes == b"\r\n").unwrap_or(length - END.len());
        stripped.extend_from_slice(&rest[..line]);
        stripped.extend_from_slice(END);
        rest = &rest[length..];
    }
    stripped.extend_from_slice(rest);
    if stripped.len() < input.len() {
        replace(buffers, &stripped);
    }
}

fn is_interim(input: &[u8]) -> bool {
    input.starts_with(b"HTTP/1.") && class(input) == Some(b'1') && input.get(STATUS + 1..STATUS + 3) != Some(b"01")
}

/// Makes a 307 of a 302 and a 308 of a 301, after which the method of a request stays.
pub(super) fn keep_method(buffers: &mut dyn Buffers) {
    let input = buffers.input();
    let kept = match input.get(STATUS..STATUS + 3) {
        Some(b"301") if input.starts_with(b"HTTP/1.") => b"308",
        Some(b"302") if input.starts_with(b"HTTP/1.") => b"307",
        _ => return,
    };
    let mut kept_input = input.to_vec();
    kept_input[STATUS..STATUS + 3].copy_from_slice(kept);
    replace(buffers, &kept_input);
}

/// Replaces the input by bytes that are no longer.
fn replace(buffers: &mut dyn Buffers, input: &[u8]) {
    let before = buffers.input().len();
    buffers.input_consume(before);
    buffers.input_append_buf()[..input.len()].copy_from_slice(input);
    buffers.input_appended(input.len());
}

#[cfg(test)]
mod tests {
    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    fn after(input: &[u8], mend: impl Fn(&mut dyn Buffers)) -> String {
        let mut buffers = LazyBuffers::new(1000, 1000);
        buffers.input_append_buf()[..input.len()].copy_from_slice(input);
        buffers.input_appended(input.len());
        mend(&mut buffers);
        String::from_utf8(buffers.input().to_vec()).unwrap()
    }

    #[test]
    fn interim_answers_lose_their_fields_and_the_rest_stays() {
        let stripped = |input: &str| after(input.as_bytes(), strip_interim);
        let last = "HTTP/1.1 200 OK\r\na: b\r\n\r\nbody";
        assert_eq!(stripped("HTTP/1.1 100 Continue\r\na: b\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        let two = format!("HTTP/1.1 100 C\r\na: b\r\nc: d\r\n\r\nHTTP/1.1 103 E\r\nl: m\r\n\r\n{last}");
        assert_eq!(stripped(&two), format!("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\n\r\n{last}"));
        for same in [last, "HTTP/1.1 101 S\r\na: b\r\n\r\n", "HTTP/1.1 100 C\r\na: b", "HTTP/1.1 100 C\r\n\r\n", ""] {
            assert_eq!(stripped(same), same);
        }
    }

    #[test]
    fn a_redirect_that_would_change_the_method_is_made_one_that_does_not() {
        let kept = |input: &str| after(input.as_bytes(), keep_method);
        assert_eq!(kept("HTTP/1.1 301 Moved\r\n\r\n"), "HTTP/1.1 308 Moved\r\n\r\n");
        assert_eq!(kept("HTTP/1.1 302 Found\r\n\r\nx"), "HTTP/1.1 307 Found\r\n\r\nx");
        assert_eq!(kept("HTTP/1.1 303 See\r\n\r\n"), "HTTP/1.1 303 See\r\n\r\n");
    }
}
