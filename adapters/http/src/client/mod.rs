//! Holds what every HTTP client that insists needs besides the rules: the settings of its calls, their targets, and the
//! reports that it hands back. For authors of drop-ins; a drop-in re-exports what its users need.

mod addresses;
mod detail;
mod gates;
mod gave_up;
mod insist;
mod replica_set;
mod report_slot;
mod route;
mod settings;
mod shown;
mod targets;

pub use addresses::{Addresses, AddressesError};
pub use detail::Detail;
pub use gates::{Gates, Shared};
pub use gave_up::GaveUp;
pub use insist::Insist;
pub use replica_set::ReplicaSet;
pub use report_slot::ReportSlot;
pub use route::Route;
pub use settings::{ReportHook, Settings};
pub use shown::shown;
pub use targets::Targets;

/// Names the types of an HTTP client that settings, events and reports mention. A client implements it for a type
/// without values.
pub trait Client: 'static {
    /// The client's response.
    type Answer;
    /// The client's error.
    type Error;
    /// The name of a timeout that an attempt exceeded, as the client's error tells it.
    type Timeout;
}

/// A decision of a call, as it is made, with the answer or the error that it was made from.
pub type Event<'a, C> = insist_core::Event<'a, <C as Client>::Answer, <C as Client>::Error>;

/// The report of a finished call, with the [`Detail`] of each attempt.
pub type Report<C> = insist_core::Report<Detail<<C as Client>::Timeout>>;
