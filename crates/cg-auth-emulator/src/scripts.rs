//! [`Scripts`]: what requests are answered with instead of the truth, or late, or never.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use cg_auth_core::body::Body;
use http::Response;

use crate::{operation::Operation, refusal::Refusal};

/// Every script that still has something to do, in the order they were written. The first that fits a
/// request is followed; the newest [`MOST`] are kept.
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

/// What happens in the end.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    /// What would have happened anyway.
    Truth,
    Answer(Response<Body>),
    Refuse(Refusal),
    /// The connection is closed without an answer.
    DropConnection,
}

impl Scripts {
    /// Adds a script: its id, and the number of requests that it has been followed for.
    pub(crate) fn add(
        &self,
        operation: Operation,
        times: u64,
        performance: Performance,
    ) -> (u64, Arc<AtomicU64>) {
        let hits = Arc::new(AtomicU64::new(0));
        let mut book = self.book();
        book.last_id += 1;
        let id = book.last_id;
        if times > 0 {
            if book.scripts.len() == MOST {
                book.scripts.pop_front();
            }
            let script = Script { id, operation, remaining: times, hits: Arc::clone(&hits), performance };
            book.scripts.push_back(script);
        }
        (id, hits)
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

/// How many scripts there are at most; one more makes the oldest go.
pub(crate) const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: Operation = Operation::GetDelegateAccessToken;

    #[test]
    fn the_first_that_fits_is_followed_as_often_as_it_says() {
        let scripts = Scripts::default();
        scripts.add(Operation::DeleteTokenCache, 1, after(9));
        let (_, hits) = scripts.add(OPERATION, 2, after(1));
        scripts.add(OPERATION, 1, after(2));
        let delays: Vec<_> = (0..4).map(|_| scripts.follow(OPERATION).map(|it| it.delay.as_secs())).collect();
        assert_eq!(delays, [Some(1), Some(1), Some(2), None]);
        assert_eq!(hits.load(Relaxed), 2);
        assert_eq!(scripts.list().len(), 1);
    }

    #[test]
    fn only_the_newest_are_kept_and_none_that_has_nothing_to_do() {
        let scripts = Scripts::default();
        let (oldest, _) = scripts.add(OPERATION, 1, after(0));
        scripts.add(OPERATION, 0, after(0));
        assert_eq!(scripts.list().len(), 1);
        for _ in 0..MOST {
            scripts.add(OPERATION, 1, after(0));
        }
        assert_eq!(scripts.list().len(), MOST);
        assert!(!scripts.remove(oldest) && scripts.remove(oldest + 2));
    }

    fn after(seconds: u64) -> Performance {
        Performance { delay: Duration::from_secs(seconds), ending: Ending::Truth }
    }
}
