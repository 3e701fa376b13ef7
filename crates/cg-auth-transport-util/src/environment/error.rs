//! [`EnvironmentError`]: a variable that is missing or cannot be used.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
};

use super::variable::way_to_set;

/// A variable of the environment that is missing, or whose value cannot be used.
///
/// The text names the variable and the way out. It quotes no value, which may be a secret, except the path of a
/// file.
#[derive(Debug)]
pub struct EnvironmentError {
    problem: Problem,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Debug)]
enum Problem {
    Missing(Vec<&'static str>),
    NotText(&'static str),
    Invalid { variable: &'static str, problem: String },
    File { variable: &'static str, problem: &'static str, file: PathBuf },
}

impl EnvironmentError {
    /// The variables that are missing, or the one whose value cannot be used.
    #[must_use]
    pub fn variables(&self) -> &[&'static str] {
        match &self.problem {
            Problem::Missing(variables) => variables,
            Problem::NotText(variable)
            | Problem::Invalid { variable, .. }
            | Problem::File { variable, .. } => std::slice::from_ref(variable),
        }
    }

    /// Whether a required variable is not set. Otherwise a value cannot be used.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self.problem, Problem::Missing(_))
    }

    pub(super) const fn missing(variables: Vec<&'static str>) -> Self {
        Self { problem: Problem::Missing(variables), source: None }
    }

    pub(super) const fn not_text(variable: &'static str) -> Self {
        Self { problem: Problem::NotText(variable), source: None }
    }

    pub(super) fn invalid(variable: &'static str, problem: impl fmt::Display) -> Self {
        Self { problem: Problem::Invalid { variable, problem: problem.to_string() }, source: None }
    }

    /// `problem` is the beginning of a sentence that ends with the name of `file`.
    pub(super) fn file(
        variable: &'static str,
        problem: &'static str,
        file: &Path,
        source: Option<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { problem: Problem::File { variable, problem, file: file.to_owned() }, source }
    }
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Missing(variables) => {
                let are = if variables.len() == 1 { "is" } else { "are" };
                let ways: Vec<_> = variables.iter().map(|variable| way_to_set(variable)).collect();
                write!(f, "{} {are} not set: {}", variables.join(", "), ways.join("; "))
            }
            Problem::NotText(variable) => write!(f, "{variable} is not UTF-8 text"),
            Problem::Invalid { variable, problem } => write!(f, "{variable}: {problem}"),
            Problem::File { variable, problem, file } => {
                write!(f, "{problem} {} ({variable})", file.display())
            }
        }
    }
}

impl Error for EnvironmentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
