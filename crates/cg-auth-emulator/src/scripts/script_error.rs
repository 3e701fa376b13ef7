//! [`ScriptError`]: why a script cannot be used.

/// A script that cannot be used. The text names the member and what it may hold, and never quotes a value,
/// which may be a secret.
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
    /// A member is missing, unknown, of another type or out of range.
    #[error("`{member}` {problem}")]
    #[non_exhaustive]
    Member {
        /// The path of the member, such as `answer.status`.
        member: String,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// The script's members contradict each other, or the script can never apply to this emulator.
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
    pub(crate) fn member(member: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Member { member: member.into(), problem: problem.into() }
    }

    pub(crate) const fn contradiction(problem: &'static str) -> Self {
        Self::Contradiction { problem }
    }
}
