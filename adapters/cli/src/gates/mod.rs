//! The gates that a policy file or the command line asks for: each has a file here, with its fields, its option, its sentence
//! and its making.
//!
//! In a file a gate is a field whose value is its short form (`budget = 0.1`), a table (`{ ratio = 0.1, reserve = 5 }`) or
//! `"none"`; on the command line it is the short form with further fields after it (`--budget 0.1,reserve=5`).

mod adaptive_rate;
mod aimd_limit;
mod asked;
mod breaker;
mod budget;
mod bulkhead;
mod gradient_limit;
mod line;
mod live;
mod number;
mod pause;
mod rate;
mod retry_quota;
mod retry_share;
mod setting;
mod table;
mod throttle;

use std::fmt;

use clap::Args;
use insist_core::Policy;

use asked::Asked;
use line::{Said, said};
pub(crate) use live::LiveGates;
use live::{GateMaker, live};
use setting::Setting;
pub(crate) use table::Wrong;

/// Lists the gates, in the order in which they are asked: each is the name of its field and its option, and its settings.
macro_rules! gates {
    ($($name:ident: $setting:ty,)+) => {
        /// The gates that are asked for, as plain data of which gates are made.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct Gates {
            $($name: Option<Asked<$setting>>,)+
        }

        /// The options of the gates.
        #[derive(Args, Debug, Default)]
        #[command(next_help_heading = HEADING)]
        pub(crate) struct GateOptions {
            $(
                #[arg(
                    long,
                    value_name = <$setting>::VALUE,
                    value_parser = said::<$setting>,
                    allow_hyphen_values = true,
                    help = <$setting>::HELP,
                    long_help = format!("{}\n\n{}", <$setting>::HELP, <$setting>::MORE),
                )]
                $name: Option<Said>,
            )+
        }

        impl GateOptions {
            /// Lays the options over the gates of a file, field by field.
            pub(crate) fn over(&self, file: &Gates) -> Result<Gates, String> {
                Ok(Gates { $($name: line::over(stringify!($name), self.$name.as_ref(), file.$name.as_ref())?,)+ })
            }
        }

        impl Gates {
            /// The names of their fields.
            pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];

            /// Reads the field of a file with this name.
            fn read(&mut self, name: &str, value: table::Value<'_>) -> Result<(), Wrong> {
                match name {
                    $(stringify!($name) => self.$name = table::read(name, value)?,)+
                    _ => {}
                }
                Ok(())
            }

            /// Lays what an option says over the gate with this name.
            pub(crate) fn lay(&mut self, name: &str, text: &str) -> Result<(), String> {
                match name {
                    $(stringify!($name) => {
                        let said = said::<$setting>(text)?;
                        self.$name = line::over(name, Some(&said), self.$name.as_ref())?;
                    })+
                    _ => {}
                }
                Ok(())
            }

            /// Returns those that are asked for, with their names.
            fn all(&self) -> impl Iterator<Item = (&'static str, &dyn GateMaker)> {
                let all = [$((stringify!($name), self.$name.as_ref().map(|asked| &asked.setting as &dyn GateMaker))),+];
                all.into_iter().filter_map(|(name, maker)| Some((name, maker?)))
            }
        }
    };
}

// What is refused by one that only looks on, as the breaker does, costs nothing of those that count; what waits for its turn
// has to have passed all others, and the throttle throws its dice only for what is about to be sent.
gates! {
    breaker: breaker::BreakerSetting,
    budget: budget::BudgetSetting,
    retry_quota: retry_quota::RetryQuotaSetting,
    retry_share: retry_share::RetryShareSetting,
    pause: pause::PauseSetting,
    bulkhead: bulkhead::BulkheadSetting,
    aimd_limit: aimd_limit::AimdLimitSetting,
    gradient_limit: gradient_limit::GradientLimitSetting,
    rate: rate::RateSetting,
    adaptive_rate: adaptive_rate::AdaptiveRateSetting,
    throttle: throttle::ThrottleSetting,
}

const HEADING: &str = "Gates, shared by calls (further fields of a policy file after a comma: 0.1,reserve=5; or none)";

impl Gates {
    /// Returns whether calls with this policy have a gate.
    pub(crate) fn are_for(&self, policy: &Policy) -> bool {
        knows_latencies(policy) || self.all().next().is_some()
    }

    /// Makes the gates anew, with one that knows the latest latencies where the policy hedges at a percentile of them. The
    /// number seeds dice, so that gates with different numbers do not throw alike.
    pub(crate) fn live(&self, policy: &Policy, number: u64) -> LiveGates {
        live(knows_latencies(policy), self.all().map(|(_, maker)| maker), number)
    }

    /// Returns a sentence for each, in a line of its own.
    pub(crate) fn sentences(&self) -> String {
        self.all().map(|(_, maker)| format!("{}\n", maker.told())).collect()
    }
}

fn knows_latencies(policy: &Policy) -> bool {
    policy.get_hedge_at().is_some() && policy.get_lanes() > 1
}

/// Prints them behind the line of a policy: `; breaker 0.5; budget 0.1`.
impl fmt::Display for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all().try_for_each(|(name, maker)| write!(f, "; {} {}", name.replace('_', " "), maker.brief()))
    }
}

#[cfg(test)]
mod tests;
