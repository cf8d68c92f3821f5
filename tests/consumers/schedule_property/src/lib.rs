use std::time::Duration;

use insist::Policy;

pub const UPLOAD: Policy = Policy::exponential(Duration::from_millis(200))
    .cap(Duration::from_secs(5))
    .attempts(6)
    .attempt_timeout(Duration::from_secs(2))
    .deadline(Duration::from_secs(20))
    .assert_valid();

#[cfg(test)]
mod tests {
    use insist::testing::{Script, rehearse};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_upload_never_keeps_a_user_waiting(server in any::<Script>(), seed in any::<u64>()) {
            rehearse(&UPLOAD)
                .script(server)
                .seed(seed)
                .play()
                .assert_at_most_sends(6)
                .assert_ends_within(Duration::from_secs(20))
                .assert_nothing_in_flight();
        }
    }
}
