//! [`Report`]: every case with its result, for people and for programs.

use serde::Serialize;

use crate::{
    case::{Case, Clause, Level},
    failure::Failure,
};

/// The results of a [`Suite`](crate::Suite).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The name of the subject.
    pub subject: String,
    /// Whether no case that counts has failed, and every exemption is in use.
    pub passed: bool,
    /// Every case, in the order of the list.
    pub cases: Vec<CaseReport>,
    /// The exemptions that must go, each with the reason.
    pub stale_exemptions: Vec<String>,
}

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CaseReport {
    /// The name of the case.
    pub name: String,
    /// The rule of the contract that it tries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<u8>,
    /// The row of the table of failures that it plays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// How strongly the contract demands it.
    pub level: Level,
    /// The result.
    pub status: Status,
    /// What the transport did instead, or why the result does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The result of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// The transport behaves as the contract says.
    Passed,
    /// The transport does not behave as the contract says.
    Failed,
    /// An exemption covers the case.
    Exempt,
    /// The transport lacks a capability that the case needs.
    NotApplicable,
}

impl Report {
    /// The report as JSON, indented.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// How many cases have this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }
}

impl CaseReport {
    pub(crate) fn new(case: &Case, status: Status, message: Option<String>) -> Self {
        let (clause, row) = match case.clause {
            Clause::Rule(number) => (Some(number), None),
            Clause::Row(failure) => (None, Some(failure.to_owned())),
        };
        Self { name: case.name.to_owned(), clause, row, level: case.level, status, message }
    }

    pub(crate) fn failed(case: &Case, failure: &Failure) -> Self {
        Self::new(case, Status::Failed, Some(failure.to_string()))
    }
}
