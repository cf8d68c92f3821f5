//! What `tracing` shows of a call is the same whichever driver carried it out.

use insist_blocking::VirtualClock;
use insist_core::{Attempt, Jitter, Policy, Verdict};
use insist_futures::VirtualTimer;
use insist_tests::by_hand::ms;

use crate::spans::printed;

#[test]
fn a_call_is_shown_the_same_by_a_future_as_on_the_callers_thread() {
    let policy = Policy::constant(ms(1000)).jitter(Jitter::None).attempt_timeout(ms(9000));
    let outcome = |id| if id < 3 { Err("busy") } else { Ok(7) };
    let judge = |outcome: &Result<i32, &str>| match outcome {
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::retry().after(ms(5)),
    };
    let by_future = printed(|| {
        let timer = VirtualTimer::new();
        let call = || insist_futures::retry(&timer, &policy, |attempt: Attempt| async move { outcome(attempt.id) });
        assert_eq!(timer.block_on(async { call().judge(judge).trace().await }).ok(), Some(7));
    });
    let on_this_thread = printed(|| {
        let call = insist_blocking::retry(&policy, |attempt| outcome(attempt.id)).judge(judge);
        assert_eq!(call.clock(VirtualClock::new()).trace().call(), Ok(7));
    });
    assert!(by_future.len() == 6, "{by_future:#?}");
    assert_eq!(by_future, on_this_thread);
}
