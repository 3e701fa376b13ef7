//! [`Greeting`]: why a server takes no further connection.

use std::sync::{Arc, OnceLock};

/// What a server says before it closes a connection at once. The client library would take it for a reply, or drop it.
/// A clone is the same greeting.
#[derive(Debug, Clone, Default)]
pub(crate) struct Greeting(Arc<OnceLock<&'static str>>);

impl Greeting {
    /// What is wrong with the server, with the way out.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        self.0.get().copied()
    }

    /// Whether the first bytes of a connection are such a greeting.
    pub(super) fn notice(&self, first: &[u8]) -> bool {
        let problem = KNOWN.iter().find(|(begin, _)| first.starts_with(begin.as_bytes()));
        problem.is_some_and(|(_, problem)| self.0.set(problem).is_ok())
    }
}

const KNOWN: [(&str, &str); 2] = [
    ("-ERR max number of clients", "has too many clients; raise its maxclients"),
    ("-DENIED", "is in protected mode and takes clients of its own machine only; set a password there"),
];
