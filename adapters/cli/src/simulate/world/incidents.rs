//! The tables `[[incidents]]`.

use insist_sim::Incident;
use serde::Deserialize;

use super::wrong::{Wrong, needed};
use crate::span::Span;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentTable {
    kind: KindName,
    from: Span,
    until: Span,
    share: Option<f64>,
    replica: Option<u32>,
    status: Option<u16>,
    retry_after: Option<Span>,
    after: Option<Span>,
    factor: Option<f64>,
    part: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Hang,
    Fail,
    Slow,
    Reset,
    CapacityLoss,
}

impl IncidentTable {
    pub(super) fn incident(self) -> Result<Incident, Wrong> {
        let (from, until) = (self.from.0, self.until.0);
        self.check()?;
        let mut incident = match self.kind {
            KindName::Hang => Incident::hang(from, until),
            KindName::Fail => Incident::fail(self.status.unwrap_or(503), from, until),
            KindName::Slow => Incident::slow(needed(self.factor, "factor", "kind = \"slow\"")?, from, until),
            KindName::Reset => Incident::reset(from, until),
            KindName::CapacityLoss => {
                Incident::capacity_loss(needed(self.part, "part", "kind = \"capacity_loss\"")?, from, until)
            }
        };
        if let Some(wait) = self.retry_after {
            incident = incident.retry_after(wait.0);
        }
        if let Some(span) = self.after {
            incident = incident.after(span.0);
        }
        if let Some(replica) = self.replica {
            incident = incident.replica(replica);
        }
        Ok(if let Some(share) = self.share { incident.share(share) } else { incident })
    }

    /// Refuses fields that the kind does not have.
    fn check(&self) -> Result<(), Wrong> {
        let is = |kinds: &[KindName]| kinds.contains(&self.kind);
        let fields = [
            ("status", self.status.is_some(), is(&[KindName::Fail]), "kind = \"fail\""),
            ("retry_after", self.retry_after.is_some(), is(&[KindName::Fail]), "kind = \"fail\""),
            ("after", self.after.is_some(), is(&[KindName::Fail, KindName::Reset]), "kind = \"fail\" and \"reset\""),
            ("factor", self.factor.is_some(), is(&[KindName::Slow]), "kind = \"slow\""),
            ("part", self.part.is_some(), is(&[KindName::CapacityLoss]), "kind = \"capacity_loss\""),
            ("share", self.share.is_some(), !is(&[KindName::CapacityLoss]), "all but kind = \"capacity_loss\""),
        ];
        match fields.into_iter().find(|(_, is_said, belongs, _)| *is_said && !belongs) {
            Some((field, _, _, whose)) => Err(Wrong::new(field, format!("{field} belongs to {whose} only"))),
            None => Ok(()),
        }
    }
}
