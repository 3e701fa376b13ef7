//! [`ScriptError`]: why a script cannot be used.

use crate::input::InputError;

/// A script that cannot be used. The text names the member, the type of its value and what it may hold, and
/// never quotes a value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The text is not JSON.
    #[error("the script is not valid JSON at line {line}, column {column}")]
    #[non_exhaustive]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The script as a whole cannot be used: it is no object, or has no effect.
    #[error("the script {problem}")]
    #[non_exhaustive]
    Document {
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// A member is missing, unknown, repeated, of another type or out of range, or contradicts another member.
    #[error("`{member}` {problem}")]
    #[non_exhaustive]
    Member {
        /// The path of the member, such as `answer.status`.
        member: String,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// The fault can never happen at this emulator, or disturbs nothing.
    #[error("{problem}")]
    #[non_exhaustive]
    Contradiction {
        /// What is wrong, and what is allowed.
        problem: &'static str,
    },
    /// The emulator holds as many scripts as it may.
    #[error("{limit} scripts are active; delete one first")]
    #[non_exhaustive]
    TooMany {
        /// How many scripts may be active at once.
        limit: usize,
    },
}

impl ScriptError {
    pub(super) fn member(member: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Member { member: member.into(), problem: problem.into() }
    }

    pub(super) const fn contradiction(problem: &'static str) -> Self {
        Self::Contradiction { problem }
    }
}

impl From<InputError> for ScriptError {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Syntax { line, column } => Self::Syntax { line, column },
            InputError::Document { problem } => Self::Document { problem },
            InputError::Member { path: member, problem }
            | InputError::Parameter { name: member, problem } => Self::Member { member, problem },
        }
    }
}
