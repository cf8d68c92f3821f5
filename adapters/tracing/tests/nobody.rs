//! What the hook costs where no subscriber listens. Alone in its process, for a subscriber of one thread counts for all.

use insist_core::{Action, Call, Decision, Event, Hook, Instant, Judged, Policy, Verdict, during};
use insist_tracing::Tracing;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt;

type Told<'a> = Event<'a, u8, &'static str>;

const NOW: Instant = Instant::ZERO;

/// Tells a hook of a call that gives up after two attempts.
fn tell(mut hook: impl Hook<u8, &'static str>) {
    let policy = Policy::zero().attempts(2);
    let mut call = Call::new(&policy, (), NOW, 7);
    loop {
        let action = call.poll(NOW);
        hook.on_event(&Told::new(NOW, NOW, Decision::Action(action)));
        match action {
            Action::Send(attempt) => {
                let outcome = during(&mut hook, attempt.id, || Err("busy"));
                let handled = call.handle(NOW, attempt.id, Verdict::retry());
                let judged = Judged::new(attempt.id, Some(&outcome), Verdict::retry(), handled);
                hook.on_event(&Told::new(NOW, NOW, Decision::Judged(judged)));
            }
            Action::GiveUp(_) => return,
            _ => {}
        }
    }
}

fn is_listening(hook: &Tracing) -> bool {
    Hook::<u8, &str>::is_listening(hook)
}

#[test]
fn where_nobody_listens_the_hook_says_so_and_allocates_nothing() {
    let cost = || {
        allocation_counter::measure(|| {
            let hook = Tracing::named("price");
            assert!(!is_listening(&hook));
            tell(hook);
        })
    };
    assert_eq!(cost().count_total, 0);
    // A level that the hook has nothing to say at is nobody too.
    let guard = tracing_subscriber::fmt().with_max_level(LevelFilter::ERROR).finish().set_default();
    assert_eq!(cost().count_total, 0);
    drop(guard);
}
