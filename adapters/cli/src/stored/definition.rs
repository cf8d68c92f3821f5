//! What the store keeps with the name of a policy: the policy itself and the rules of its answers, as JSON.

use insist_core::Policy;
use insist_store::http::Rules;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    pub(super) policy: Policy,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) retry_status: Vec<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) no_retry_status: Vec<u16>,
}

impl Definition {
    pub(super) fn rules(&self) -> Rules {
        let rules = self.retry_status.iter().fold(Rules::new(), |rules, status| rules.retry_status(*status));
        self.no_retry_status.iter().fold(rules, |rules, status| rules.no_retry_status(*status))
    }

    /// Returns a name that is the same for the same definition, for ever: FNV-1a of its JSON.
    pub(super) fn name(json: &str) -> String {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        format!("policy-{:016x}", json.bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_definition_reads_back_and_has_a_name_of_its_own() {
        let policy = Policy::exponential(Duration::from_millis(70)).attempts(4).attempt_timeout(Duration::from_secs(3));
        let one = Definition { policy, retry_status: vec![404], no_retry_status: vec![] };
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Definition>(&json).unwrap(), one);
        let other = serde_json::to_string(&Definition { no_retry_status: vec![500], ..one }).unwrap();
        assert_ne!(Definition::name(&json), Definition::name(&other));
        assert_eq!(Definition::name(""), "policy-cbf29ce484222325");
    }
}
