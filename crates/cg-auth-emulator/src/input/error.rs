//! [`InputError`]: what is wrong with a document or a query.

/// A document or a query that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InputError {
    /// The document is not JSON. Lines and columns count from 1.
    Syntax { line: usize, column: usize },
    /// The document as a whole cannot be used, or its members contradict each other.
    Document { problem: String },
    /// A member of the document is missing, unknown, of another type or not allowed.
    Member {
        /// The path of the member, such as `answer.status`.
        path: String,
        problem: String,
    },
    /// The same of a parameter of the query.
    Parameter { name: String, problem: String },
}
