//! Bytes that are not HTTP.

/// Bytes that are no head: noise, or a line that begins as one does.
pub(super) fn garbage(seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let length = random.usize(1..300);
    let mut bytes = match random.u8(..4) {
        0 => b"HTTP/1.1 abc\r\n".to_vec(),
        1 => b"SSH-2.0-OpenSSH\r\n".to_vec(),
        2 => b"HTTP/9.9 200 OK\r\n\r\n".to_vec(),
        // Neither a line break, with which heads may begin, nor the first letter of one.
        _ => vec![0x15],
    };
    bytes.extend(std::iter::repeat_with(|| random.u8(0x80..)).take(length));
    bytes
}
