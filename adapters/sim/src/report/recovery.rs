//! When a world is well again after what went wrong.

use std::time::Duration;

use super::Slice;

/// The part of the usual success that counts as well.
const WELL: f64 = 0.95;
/// The calls that a stretch needs, so that chance alone does not make it look ill.
const ENOUGH: f64 = 200.0;

/// Returns how long after the end of the last trouble the success of each stretch of the run is 95 % of what it was before the
/// first; `None` if that is not within the run. Without trouble the run is measured from its start, against 1.
pub(super) fn recovers(slices: &[Slice], width: Duration, troubles: &[(Duration, Duration)]) -> Option<Duration> {
    let place = |instant: Duration| (instant.as_nanos() / width.as_nanos().max(1)) as usize;
    let begins = troubles.iter().map(|(from, _)| place(*from)).min().unwrap_or(0).min(slices.len());
    let over = troubles.iter().map(|(_, until)| *until).filter(|until| place(*until) < slices.len()).max();
    let over = match (over, troubles.is_empty()) {
        (Some(until), _) => until,
        (None, true) => Duration::ZERO,
        // What never ends within the run is part of how the world is.
        (None, false) => troubles.iter().map(|(from, _)| *from).min()?,
    };
    let usual = share(&slices[..begins]).unwrap_or(1.0);
    let after = slices.get((over.as_nanos().div_ceil(width.as_nanos().max(1))) as usize..)?;
    let calls: u64 = after.iter().map(|slice| slice.calls).sum();
    let stretch = ((ENOUGH * after.len() as f64 / calls.max(1) as f64).ceil() as usize).clamp(1, after.len().max(1));
    let is_ill = |slices: &&[Slice]| share(slices).is_some_and(|share| share < WELL * usual);
    let stretches: Vec<&[Slice]> = after.chunks(stretch).collect();
    match stretches.iter().rposition(is_ill) {
        None => Some(Duration::ZERO),
        Some(last) if last + 1 >= stretches.len() => None,
        Some(last) => Some(width * ((last + 1) * stretch) as u32),
    }
}

fn share(slices: &[Slice]) -> Option<f64> {
    let calls: u64 = slices.iter().map(|slice| slice.calls).sum();
    let succeeded: u64 = slices.iter().map(|slice| slice.succeeded).sum();
    (calls > 0).then(|| succeeded as f64 / calls as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn slices(shares: &[u64]) -> Vec<Slice> {
        shares.iter().map(|share| Slice { calls: 1000, succeeded: share * 10, sends: 1000 }).collect()
    }

    #[test]
    fn it_is_well_from_the_second_after_which_no_second_is_ill() {
        let hang = [(2 * S, 4 * S)];
        let after = |shares: &[u64]| recovers(&slices(shares), S, &hang);
        assert_eq!(after(&[100, 100, 0, 0, 100, 100]), Some(Duration::ZERO));
        assert_eq!(after(&[100, 100, 0, 0, 0, 100, 0, 100]), Some(3 * S));
        assert_eq!(after(&[100, 100, 0, 0, 100, 0]), None);
        assert_eq!(after(&[60, 60, 0, 0, 0, 58]), Some(S), "as well as it was before");
    }

    #[test]
    fn without_trouble_it_is_well_if_calls_succeed() {
        assert_eq!(recovers(&slices(&[100, 100]), S, &[]), Some(Duration::ZERO));
        assert_eq!(recovers(&slices(&[50, 50]), S, &[]), None);
    }

    #[test]
    fn a_trouble_that_lasts_is_measured_from_its_beginning() {
        let lasting = [(S, 10 * S)];
        assert_eq!(recovers(&slices(&[100, 100, 100]), S, &lasting), Some(Duration::ZERO));
        assert_eq!(recovers(&slices(&[100, 0, 100, 100]), S, &lasting), Some(S));
        assert_eq!(recovers(&slices(&[100, 0, 0]), S, &lasting), None);
    }
}
