//! Any bytes at all give an error, or a state that breaks no law, however odd.

use std::collections::BTreeSet;

use insist_core::{Action, Call, Instant, Policy, Repeat, ResumeError, State, StateError, Verdict, WaitReason};
use insist_tests::expected::sealed;
use insist_tests::plan::Plan;
use insist_tests::random;
use insist_tests::world::{self, ROOM, Sees};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

/// Goes on from a state as a good driver does, with random verdicts, and holds it against the laws.
fn goes_on<const LANES: usize>(
    policy: &Policy,
    state: State<LANES>,
    mut now: u64,
    verdicts: &[Verdict],
) -> Result<(), String> {
    let before = state.newest();
    let fits = state.fits(policy);
    let mut call: Call<_, _, LANES> = match Call::try_resume(policy, (), Instant::from_nanos(now), state) {
        Ok(call) => call,
        Err(refused) if fits == Err(refused.error) => return Ok(()),
        Err(ResumeError { error: StateError::Origin { .. }, .. }) => return Ok(()),
        Err(refused) => return Err(format!("it fits ({fits:?}), and is refused: {}", refused.error)),
    };
    if let Err(error) = fits {
        return Err(format!("it does not fit, and is taken up: {error}"));
    }
    // Of a call that was revived, the attempts before that are not known from outside: at most all of them.
    let is_alive = !call.is_over();
    let mut in_flight = BTreeSet::new();
    let mut next = before;
    let mut end = None;
    let mut verdicts = verdicts.iter().cycle().copied();
    // A call sends at most 40 more in this test, and does at most a few other things for each.
    for _ in 0..400 {
        let action = call.poll(Instant::from_nanos(now));
        match action {
            _ if end.is_some() => {
                return if end == Some(action) { Ok(()) } else { Err(format!("law 1: {end:?}, then {action}")) };
            }
            Action::Send(attempt) => {
                next += 1;
                // As many as may be left uncounted, if they were never sent.
                let more = u32::from(policy.get_unsent_attempts());
                let most = policy.get_attempts().map_or(u32::MAX, |most| most.saturating_add(more));
                if attempt.id != next || next - before > most || !is_alive {
                    return Err(format!("law 2: {attempt:?} after {} of {most}", next - 1));
                }
                if policy.get_lane_attempts().is_some_and(|most| attempt.retry >= most.saturating_add(more)) {
                    return Err(format!("law 2: {attempt:?} in a lane with too few"));
                }
                if attempt.timeout().is_some_and(|timeout| timeout.is_zero()) {
                    return Err(format!("law 7: {attempt:?} has no time"));
                }
                in_flight.insert(attempt.id);
                if in_flight.len() > usize::from(policy.get_lanes()) {
                    return Err(format!("law 2: {in_flight:?} in flight"));
                }
                if next - before > 40 {
                    call.cancel(Instant::from_nanos(now));
                }
            }
            Action::Cancel { attempt, .. } if !in_flight.remove(&attempt) => {
                return Err(format!("law 3: {attempt} is not in flight"));
            }
            Action::Cancel { .. } => {}
            Action::Wait { until, reason } => {
                if until.is_some_and(|until| until.as_nanos() <= now) {
                    return Err(format!("law 6: {action} at {now}"));
                }
                let for_a_send = matches!(reason, WaitReason::Backoff | WaitReason::Gate | WaitReason::Hedge);
                if (for_a_send && until.is_none()) || until.is_some_and(|until| until.as_nanos() == u64::MAX) {
                    return Err(format!("law 6: {action}"));
                }
                match in_flight.pop_first() {
                    Some(id) => {
                        let verdict = verdicts.next().expect("there are some");
                        if !call.handle(Instant::from_nanos(now), id, verdict).counts() {
                            return Err(format!("law 3: a verdict for {id} does not count"));
                        }
                    }
                    None => now = until.ok_or("law 6: it waits for ever, and nothing is in flight")?.as_nanos(),
                }
            }
            Action::Return(_) | Action::GiveUp(_) if !in_flight.is_empty() => {
                return Err(format!("law 4: {in_flight:?} are left running"));
            }
            Action::Return(0) => return Err("it returns what was never sent".into()),
            Action::Return(_) | Action::GiveUp(_) => end = Some(action),
        }
    }
    Err("law 15: it does not end".into())
}

/// As an operator may leave it: revived if that may be, hastened, and without a deadline.
fn operated<const LANES: usize>(mut state: State<LANES>, policy: &Policy, now: u64) -> State<LANES> {
    let _ = state.revive(policy, Instant::from_nanos(now));
    state.hasten(Instant::from_nanos(now));
    assert_eq!(state.set_deadline(None), Ok(()), "no deadline comes before what is promised");
    let mut buffer = [0; State::<ROOM>::BYTES];
    let bytes = state.encode(&mut buffer).expect("it fits");
    assert_eq!(State::decode(bytes).as_ref(), Ok(&state), "it cannot be read back");
    state
}

/// Sets where the lanes begin.
const HEAD: usize = 51;

/// Returns where the fields are: the head, then those of each lane.
fn fields(length: usize) -> Vec<(usize, usize)> {
    let mut fields = vec![(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 2)];
    fields.extend([(7, 8), (15, 8), (23, 8), (31, 8), (39, 4), (43, 4), (47, 4)]);
    let of_lane = [(0, 1), (1, 1), (2, 1), (3, 1), (4, 4), (8, 4), (12, 4), (16, 8), (24, 8)];
    for lane in (HEAD..length.saturating_sub(31)).step_by(32) {
        fields.extend(of_lane.map(|(at, size)| (lane + at, size)));
    }
    fields
}

#[derive(Clone, Copy, Debug)]
enum Edit {
    /// A field is as small or large as it can be, or is what is given.
    Set(u8, u64),
    /// A field is a little more or less.
    Add(u8, i8),
    /// A field is what another is.
    Copy(u8, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let number = prop_oneof![4 => 0_u64..6, 1 => Just(u64::MAX), 1 => Just(u64::MAX - 1), 2 => any::<u64>()];
    prop_oneof![
        3 => (any::<u8>(), number).prop_map(|(field, number)| Edit::Set(field, number)),
        3 => (any::<u8>(), -2_i8..=2).prop_map(|(field, by)| Edit::Add(field, by)),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(field, from)| Edit::Copy(field, from)),
    ]
}

fn change(body: &mut [u8], edit: Edit) {
    let fields = fields(body.len());
    let field = |pick: u8| fields[usize::from(pick) % fields.len()];
    let read = |body: &[u8], (at, size): (usize, usize)| {
        let mut word = [0; 8];
        word[..size].copy_from_slice(&body[at..at + size]);
        u64::from_le_bytes(word)
    };
    let ((at, size), word) = match edit {
        Edit::Set(pick, number) => (field(pick), number),
        Edit::Add(pick, by) => (field(pick), read(body, field(pick)).wrapping_add_signed(by.into())),
        Edit::Copy(pick, from) => (field(pick), read(body, field(from))),
    };
    body[at..at + size].copy_from_slice(&word.to_le_bytes()[..size]);
}

/// Any state of any call, as bytes without their checksum.
struct Bodies(Vec<Vec<u8>>);

impl Sees for Bodies {
    fn see<const LANES: usize>(&mut self, state: &State<LANES>) {
        let mut buffer = [0; State::<ROOM>::BYTES];
        let bytes = state.encode(&mut buffer).expect("it fits");
        self.0.push(bytes[..bytes.len() - 4].to_vec());
    }
}

fn run<T: std::fmt::Debug>(
    number: u64,
    cases: u32,
    inputs: impl Strategy<Value = T>,
    hold: impl Fn(T) -> Result<(), String>,
) {
    let mut runner = TestRunner::new(random::config(number, cases));
    if let Err(error) = runner.run(&inputs, |input| hold(input).map_err(TestCaseError::fail)) {
        panic!("{error}");
    }
}

#[test]
fn a_state_that_was_tampered_with_is_refused_or_breaks_no_law() {
    let read = std::cell::Cell::new((0_u32, 0_u32));
    let inputs = (
        random::plan(),
        random::policy(),
        any::<u16>(),
        vec(edit(), 1..4),
        vec(random::verdict(), 1..6),
        any::<bool>(),
    );
    run(32, 4000, inputs, |(plan, other, pick, edits, verdicts, keeps): (Plan, Policy, u16, _, Vec<Verdict>, bool)| {
        let mut bodies = Bodies(Vec::new());
        let record = world::run(&plan);
        let _ = world::see(&plan, &record, false, &mut bodies);
        let mut body = bodies.0.swap_remove(usize::from(pick) % bodies.0.len());
        for edit in edits {
            change(&mut body, edit);
        }
        let bytes = sealed(body);
        let policy = if keeps { plan.policy } else { other };
        let (good, bad) = read.get();
        let Ok(state) = State::<ROOM>::decode(&bytes) else {
            read.set((good, bad + 1));
            return Ok(());
        };
        read.set((good + 1, bad));
        let mut buffer = [0; State::<ROOM>::BYTES];
        if state.encode(&mut buffer) != Ok(&bytes[..]) {
            return Err("it is written in other bytes than it was read from".into());
        }
        let json = serde_json::to_string(&state).map_err(|error| error.to_string())?;
        if serde_json::from_str::<State<ROOM>>(&json).ok().as_ref() != Some(&state) {
            return Err(format!("it is not read from JSON as it was written: {json}"));
        }
        let start = record.steps.last().map_or(0, |step| step.at.as_nanos());
        goes_on(&policy, state.clone(), start, &verdicts)?;
        goes_on(&policy, state.clone(), 0, &verdicts)?;
        goes_on(&policy, operated(state, &policy, start), start, &verdicts)
    });
    let (good, bad) = read.get();
    assert!(good > 500 && bad > 500, "{good} were read, {bad} refused");
}

#[test]
fn random_bytes_never_panic() {
    let inputs = (vec(any::<u8>(), 0..200), any::<bool>(), 0_u16..5);
    run(33, 5000, inputs, |(mut bytes, is_sealed, lanes): (Vec<u8>, bool, u16)| {
        let _ = State::<ROOM>::decode(&bytes);
        let _ = serde_json::from_slice::<State>(&bytes);
        if is_sealed {
            // As near as random bytes come: the right version, length and checksum.
            bytes.resize(HEAD + 32 * usize::from(lanes), 0);
            bytes[0] = 2;
            bytes[1..5].iter_mut().for_each(|word| *word %= 3);
            bytes[5..7].copy_from_slice(&lanes.to_le_bytes());
            let bytes = sealed(bytes);
            let _ = State::<0>::decode(&bytes);
            let _ = State::<1>::decode(&bytes);
            let _ = State::<ROOM>::decode(&bytes);
        }
        Ok(())
    });
}

/// Shows why each check is there: without it, the state would break this law.
#[test]
fn a_call_that_may_not_be_raced_is_not_read_as_one_that_is() {
    let policy = Policy::zero().attempts(5).lanes(2);
    let mut call = Call::with_lanes::<2>(&policy, &(), Instant::ZERO, 1);
    assert!(matches!(call.poll(Instant::ZERO), Action::Send(_)));
    assert!(matches!(call.poll(Instant::ZERO), Action::Send(_)));
    let _ = call.handle(Instant::ZERO, 2, Verdict::retry().unsent());
    let mut buffer = [0; State::<2>::BYTES];
    let state = call.suspend();
    let mut body = state.encode(&mut buffer).expect("it fits").to_vec();
    body.truncate(body.len() - 4);
    for (repeat, is_read) in [(Repeat::Always, true), (Repeat::IfUnsent, false), (Repeat::Never, false)] {
        body[3] = repeat as u8;
        assert_eq!(State::<2>::decode(&sealed(body.clone())).is_ok(), is_read, "{repeat:?}");
    }
}
