#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod capability;
mod captured_log;
mod case;
pub mod clauses;
mod conformance;
mod exchange;
mod exemption;
mod failure;
pub mod failures;
mod list;
mod report;
mod row;
mod secret_texts;
mod secrets;
pub mod servers;
mod settings;
mod subject;
mod suite;
mod trial;

pub use cg_auth_core;

#[doc(hidden)]
pub(crate) use self::list::declare_cases;
pub use self::{
    capability::{Capabilities, Capability},
    case::{Case, Clause, Level},
    exemption::Exemption,
    failure::Failure,
    list::cases,
    report::{CaseReport, Report, Status},
    row::{Row, RowError, rows},
    settings::Settings,
    subject::Subject,
    suite::Suite,
    trial::{Trial, TrialKind, trials},
};
