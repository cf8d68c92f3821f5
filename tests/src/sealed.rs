//! The checksum of a state's bytes a second time, for bytes that no call has written.

/// The body with the checksum that belongs to it: CRC-32, the low byte first.
#[must_use]
pub fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let sum = crc32(&body);
    body.extend(sum.to_le_bytes());
    body
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc >>= 1;
            if low == 1 {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}
