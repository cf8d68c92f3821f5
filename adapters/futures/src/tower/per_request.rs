//! The settings of a layer for each request, in one value.

use insist_core::{IntoTerms, Repeat};

use super::choose::Same;
use super::requests::Cloned;

/// The settings of a layer for each request: policy, judge, hook, gate, which failures may be repeated, how it is
/// cloned, and the seed. Set by the methods of [`Layer`](super::Layer).
#[derive(Clone, Copy, Debug)]
pub struct PerRequest<P, J = (), H = Same<()>, G = Same<()>, R = Same<Repeat>, C = Cloned, K = Same<Option<u64>>> {
    pub(super) policy: P,
    pub(super) judge: J,
    pub(super) hook: H,
    pub(super) gate: G,
    pub(super) repeat: R,
    pub(super) clone_with: C,
    pub(super) seed: K,
}

/// The same terms for every request.
pub(super) type SameTerms<S> = PerRequest<
    Same<<S as IntoTerms>::Policy>,
    <S as IntoTerms>::Judge,
    Same<<S as IntoTerms>::Hook>,
    Same<<S as IntoTerms>::Gate>,
>;

impl PerRequest<()> {
    pub(super) fn same<S: IntoTerms>(terms: S) -> SameTerms<S> {
        let terms = terms.into_terms();
        PerRequest {
            policy: Same(terms.policy),
            judge: terms.judge,
            hook: Same(terms.hook),
            gate: Same(terms.gate),
            repeat: Same(terms.repeat),
            clone_with: Cloned,
            seed: Same(terms.seed),
        }
    }
}

impl<P, J, H, G, R, C, K> PerRequest<P, J, H, G, R, C, K> {
    pub(super) fn policy<P2>(self, policy: P2) -> PerRequest<P2, J, H, G, R, C, K> {
        let Self { judge, hook, gate, repeat, clone_with, seed, .. } = self;
        PerRequest { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    pub(super) fn judge<J2>(self, judge: J2) -> PerRequest<P, J2, H, G, R, C, K> {
        let Self { policy, hook, gate, repeat, clone_with, seed, .. } = self;
        PerRequest { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    pub(super) fn map_hook<H2>(self, map: impl FnOnce(H) -> H2) -> PerRequest<P, J, H2, G, R, C, K> {
        let Self { policy, judge, hook, gate, repeat, clone_with, seed } = self;
        PerRequest { policy, judge, hook: map(hook), gate, repeat, clone_with, seed }
    }

    pub(super) fn gate<G2>(self, gate: G2) -> PerRequest<P, J, H, G2, R, C, K> {
        let Self { policy, judge, hook, repeat, clone_with, seed, .. } = self;
        PerRequest { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    pub(super) fn repeat<R2>(self, repeat: R2) -> PerRequest<P, J, H, G, R2, C, K> {
        let Self { policy, judge, hook, gate, clone_with, seed, .. } = self;
        PerRequest { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    pub(super) fn clone_with<C2>(self, clone_with: C2) -> PerRequest<P, J, H, G, R, C2, K> {
        let Self { policy, judge, hook, gate, repeat, seed, .. } = self;
        PerRequest { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    pub(super) fn map_requests<C2>(self, map: impl FnOnce(C) -> C2) -> PerRequest<P, J, H, G, R, C2, K> {
        let Self { policy, judge, hook, gate, repeat, clone_with, seed } = self;
        PerRequest { policy, judge, hook, gate, repeat, clone_with: map(clone_with), seed }
    }

    pub(super) fn seed<K2>(self, seed: K2) -> PerRequest<P, J, H, G, R, C, K2> {
        let Self { policy, judge, hook, gate, repeat, clone_with, .. } = self;
        PerRequest { policy, judge, hook, gate, repeat, clone_with, seed }
    }
}
