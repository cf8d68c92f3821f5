//! The finishers of a call: each makes the call and turns its end into a result.

use insist_core::{
    AsPolicy, Call, CallEnd, Gate, GaveUp, Instant, NoDetail, Recorder, Report, SaysNoOutcome, Terms, Verdict,
};

use crate::Driver;
use crate::way::{Run, Way};

/// The description of an outcome in a report that has none.
pub(crate) type Undescribed<W> = fn(&Result<<W as Way>::Value, <W as Way>::Error>) -> NoDetail;

impl<W: Way, P, J, H, G> Driver<W, Terms<P, J, H, G>> {
    /// Makes the call, and returns the operation's own result: the accepted one, or else the last one.
    ///
    /// # Errors
    ///
    /// The operation's own error, from the last attempt that had a result. If no attempt had one (a gate refused the
    /// first, the call was cancelled, the policy is invalid …), [`NoOutcome`](crate::NoOutcome) converted to the error
    /// type.
    #[inline]
    pub fn call(self) -> Result<W::Value, W::Error>
    where
        W: Run<P, J, H, G>,
        W::Error: SaysNoOutcome,
    {
        self.way.run(self.terms, OwnResult)
    }

    /// Makes the call, and says why if it gives up.
    ///
    /// # Errors
    ///
    /// [`GaveUp`], with the error of the last attempt that had a result.
    #[inline]
    pub fn try_call(self) -> Result<W::Value, GaveUp<W::Error>>
    where
        W: Run<P, J, H, G>,
    {
        self.conclude().map_err(GaveUp::without_value)
    }

    /// Makes the call, and returns its result with a report: why it ended, how often and when it was sent.
    ///
    /// ```
    /// use insist_blocking::{Policy, retry};
    ///
    /// let (result, report) = retry(Policy::zero(), |attempt| if attempt.id < 3 { Err("no") } else { Ok(7) }).report();
    /// assert_eq!(result.ok(), Some(7));
    /// assert_eq!((report.attempts, report.retries, report.reason), (3, 2, None));
    /// println!("{report}"); // a sentence, and one line an attempt
    /// assert_eq!(report.log.entries()[1].end.map(|end| end.as_str()), Some("retry"));
    /// ```
    #[expect(clippy::type_complexity, reason = "the pair is what users take apart")]
    pub fn report(self) -> (Result<W::Value, GaveUp<W::Error, W::Value>>, Report)
    where
        W: Run<P, J, Recorder<H, Undescribed<W>, NoDetail>, G>,
    {
        self.report_with((|_| NoDetail) as Undescribed<W>)
    }

    /// Makes the call, and returns its result with a report whose log has a detail of each outcome: its status or its
    /// error, for example.
    #[expect(clippy::type_complexity, reason = "the pair is what users take apart")]
    pub fn report_with<D, F>(self, describe: F) -> (Result<W::Value, GaveUp<W::Error, W::Value>>, Report<D>)
    where
        F: FnMut(&Result<W::Value, W::Error>) -> D,
        W: Run<P, J, Recorder<H, F, D>, G>,
    {
        let terms = self.terms.map_hook(|hook| Recorder::new(hook, describe));
        self.way.run(terms, Reported)
    }

    /// Makes the call, and returns its value, or why there is none, with the last value that was not accepted.
    #[inline]
    pub(crate) fn conclude(self) -> Result<W::Value, GaveUp<W::Error, W::Value>>
    where
        W: Run<P, J, H, G>,
    {
        self.way.run(self.terms, Concluded)
    }
}

/// Turns the end of a call into a finisher's result, whatever its policy, gate and number of lanes.
#[expect(unnameable_types, reason = "the finishers of a driver are all there are")]
pub trait Finish<T, E, H>: Sized {
    type Output;

    /// Makes the result of a call on the fast path from its last outcome. Gives both back if the finisher needs the
    /// machine.
    #[inline]
    fn without_call(self, last: Result<T, E>, verdict: Verdict) -> Result<Self::Output, (Self, Result<T, E>)> {
        let _ = verdict;
        Err((self, last))
    }

    fn finish<P: AsPolicy, G: Gate, const LANES: usize>(
        self,
        end: CallEnd<T, E>,
        call: &Call<P, G, LANES>,
        started: Instant,
        hook: H,
    ) -> Self::Output;
}

struct OwnResult;

impl<T, E: SaysNoOutcome, H> Finish<T, E, H> for OwnResult {
    type Output = Result<T, E>;

    #[inline]
    fn without_call(self, last: Result<T, E>, _: Verdict) -> Result<Self::Output, (Self, Result<T, E>)> {
        Ok(last)
    }

    #[inline]
    fn finish<P: AsPolicy, G: Gate, const LANES: usize>(
        self,
        end: CallEnd<T, E>,
        call: &Call<P, G, LANES>,
        _: Instant,
        _: H,
    ) -> Self::Output {
        end.into_result(call)
    }
}

struct Concluded;

impl<T, E, H> Finish<T, E, H> for Concluded {
    type Output = Result<T, GaveUp<E, T>>;

    #[inline]
    fn without_call(self, last: Result<T, E>, verdict: Verdict) -> Result<Self::Output, (Self, Result<T, E>)> {
        match last {
            Ok(value) if verdict == Verdict::Accept => Ok(Ok(value)),
            last => Err((self, last)),
        }
    }

    #[inline]
    fn finish<P: AsPolicy, G: Gate, const LANES: usize>(
        self,
        end: CallEnd<T, E>,
        call: &Call<P, G, LANES>,
        _: Instant,
        _: H,
    ) -> Self::Output {
        end.conclude(call)
    }
}

struct Reported;

impl<T, E, H, F, D> Finish<T, E, Recorder<H, F, D>> for Reported {
    type Output = (Result<T, GaveUp<E, T>>, Report<D>);

    fn finish<P: AsPolicy, G: Gate, const LANES: usize>(
        self,
        end: CallEnd<T, E>,
        call: &Call<P, G, LANES>,
        started: Instant,
        mut recorder: Recorder<H, F, D>,
    ) -> Self::Output {
        end.report(call, started, recorder.take_log())
    }
}
