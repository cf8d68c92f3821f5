use no_std_loop::{Radio, deliver};

struct Noisy {
    now: u64,
    sends: u32,
}

impl Radio for Noisy {
    fn now_ms(&self) -> u64 {
        self.now
    }
    fn sleep_until_ms(&mut self, until: u64) {
        self.now = until;
    }
    fn send(&mut self, _: &[u8]) -> bool {
        self.now += 3;
        self.sends += 1;
        self.sends == 4
    }
}

#[test]
fn a_packet_gets_through_noise() {
    let mut radio = Noisy { now: 1000, sends: 0 };
    assert!(deliver(&mut radio, b"hello", 7));
    assert_eq!(radio.sends, 4);
}
