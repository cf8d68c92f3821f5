//! Glob imports of this crate and of std beside each other: the root has no name of std's but those that ureq's has.

mod times {
    use std::time::*;

    use insist_ureq::*;

    #[test]
    fn an_instant_is_that_of_std() {
        let started: Instant = Instant::now();
        let passed: Result<Duration, SystemTimeError> = Ok(started.elapsed());
        assert!(passed.is_ok());
        let _ = agent();
    }
}

mod results {
    use std::result::*;

    use insist_ureq::*;

    #[test]
    fn a_result_is_that_of_std() {
        let asked: Result<Agent, Timeout> = Ok(Agent::new_with_defaults().policy(insisting::Policy::default()));
        assert!(asked.is_ok());
    }
}

mod collections {
    use std::collections::*;
    use std::sync::*;

    use insist_ureq::*;

    #[test]
    fn a_list_and_a_lock_are_those_of_std() {
        let agents: Mutex<LinkedList<Agent>> = Mutex::default();
        assert!(agents.lock().unwrap().is_empty());
    }
}
