//! [`MissingSettings`]: the required settings that are not given, all of them at once.

use std::{error::Error, fmt};

use serde::Serialize;

/// A required setting that is not given.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Missing {
    #[serde(skip)]
    pub(crate) label: &'static str,
    #[serde(rename = "setting")]
    pub(crate) key: &'static str,
    /// How to set it.
    pub(crate) ways: String,
}

/// At least one missing setting. `Display` is one line: with the ways for a single setting, without them for
/// several, which a report lists below.
#[derive(Debug)]
pub(crate) struct MissingSettings(pub(crate) Vec<Missing>);

impl fmt::Display for MissingSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("no setting is missing"),
            [Missing { label, ways, .. }] => write!(f, "the {label} is missing: {ways}"),
            [first @ .., last] => {
                let first: Vec<_> = first.iter().map(|missing| format!("the {}", missing.label)).collect();
                write!(f, "{} and the {} are missing", first.join(", "), last.label)
            }
        }
    }
}

impl Error for MissingSettings {}
