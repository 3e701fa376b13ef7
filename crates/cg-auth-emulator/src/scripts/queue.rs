//! [`Scripts`]: what requests are answered with instead of the truth, or late, or never.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use cg_auth_core::body::Body;
use http::{HeaderName, Response, header};

use crate::{operation::Operation, refusal::Refusal};

/// Every script that still has something to do, in the order they were written. The first that fits a
/// request is followed; there are [`MOST`] at most.
#[derive(Debug, Default)]
pub(crate) struct Scripts(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    last_id: u64,
    scripts: VecDeque<Script>,
}

/// One script.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) id: u64,
    pub(crate) operation: Operation,
    /// How many requests it is still good for.
    pub(crate) remaining: u64,
    pub(crate) hits: Arc<AtomicU64>,
    pub(crate) performance: Performance,
}

/// What happens to a request.
#[derive(Debug, Clone)]
pub(crate) struct Performance {
    /// Nothing, for so long.
    pub(crate) delay: Duration,
    pub(crate) ending: Ending,
}

/// What happens in the end. `Debug` shows nothing of an answer but its status.
#[derive(Clone)]
pub(crate) enum Ending {
    /// What would have happened anyway.
    Truth,
    Answer(Response<Body>),
    Refuse(Refusal),
    /// The connection is closed without an answer.
    DropConnection,
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth => f.write_str("Truth"),
            Self::Answer(response) => f.debug_tuple("Answer").field(&response.status()).finish(),
            Self::Refuse(refusal) => f.debug_tuple("Refuse").field(&refusal.status).finish(),
            Self::DropConnection => f.write_str("DropConnection"),
        }
    }
}

impl Scripts {
    /// Adds a script: its id, and the number of requests that it has been followed for. `None` when there are
    /// [`MOST`] already.
    pub(crate) fn add(
        &self,
        operation: Operation,
        times: u64,
        performance: Performance,
    ) -> Option<(u64, Arc<AtomicU64>)> {
        let hits = Arc::new(AtomicU64::new(0));
        let mut book = self.book();
        if book.scripts.len() >= MOST {
            return None;
        }
        book.last_id += 1;
        let id = book.last_id;
        if times > 0 {
            let script = Script { id, operation, remaining: times, hits: Arc::clone(&hits), performance };
            book.scripts.push_back(script);
        }
        Some((id, hits))
    }

    /// What the first script that fits says. A script that has been followed often enough is gone.
    pub(crate) fn follow(&self, operation: Operation) -> Option<Performance> {
        let mut book = self.book();
        let at = book.scripts.iter().position(|script| script.operation == operation)?;
        let script = &mut book.scripts[at];
        script.hits.fetch_add(1, Relaxed);
        script.remaining -= 1;
        if script.remaining > 0 {
            return Some(script.performance.clone());
        }
        book.scripts.remove(at).map(|script| script.performance)
    }

    /// Whether there was a script of this id.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut book = self.book();
        let before = book.scripts.len();
        book.scripts.retain(|script| script.id != id);
        book.scripts.len() < before
    }

    pub(crate) fn clear(&self) {
        self.book().scripts.clear();
    }

    pub(crate) fn list(&self) -> Vec<Script> {
        self.book().scripts.iter().cloned().collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many scripts there are at most.
pub(crate) const MOST: usize = 256;

/// Headers that are the HTTP library's own business, and not a scripted answer's.
pub(crate) const FRAMING: [HeaderName; 5] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE, header::TE];

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: Operation = Operation::GetDelegateAccessToken;

    #[test]
    fn the_first_that_fits_is_followed_as_often_as_it_says() {
        let scripts = Scripts::default();
        scripts.add(Operation::DeleteTokenCache, 1, after(9)).unwrap();
        let (_, hits) = scripts.add(OPERATION, 2, after(1)).unwrap();
        scripts.add(OPERATION, 1, after(2)).unwrap();
        let delays: Vec<_> = (0..4).map(|_| scripts.follow(OPERATION).map(|it| it.delay.as_secs())).collect();
        assert_eq!(delays, [Some(1), Some(1), Some(2), None]);
        assert_eq!(hits.load(Relaxed), 2);
        assert_eq!(scripts.list().len(), 1);
    }

    #[test]
    fn their_number_is_bounded_and_none_counts_that_has_nothing_to_do() {
        let scripts = Scripts::default();
        scripts.add(OPERATION, 0, after(0)).unwrap();
        for _ in 0..MOST {
            scripts.add(OPERATION, 1, after(0)).unwrap();
        }
        assert!(scripts.add(OPERATION, 1, after(0)).is_none());
        assert_eq!(scripts.list().len(), MOST);
        scripts.follow(OPERATION).unwrap();
        assert!(scripts.add(OPERATION, 1, after(0)).is_some());
    }

    fn after(seconds: u64) -> Performance {
        Performance { delay: Duration::from_secs(seconds), ending: Ending::Truth }
    }
}
