//! [`OffThread`]: runs blocking work on a thread of its own.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, Waker},
    thread,
};

use cg_auth_core::token::store::StoreError;

/// Counts the running threads and limits them, because the threads of a disk that hangs do not end.
#[derive(Debug, Clone, Default)]
pub(super) struct OffThread {
    running: Arc<AtomicUsize>,
}

/// Where a thread leaves its result for the future that waits.
struct Slot<T> {
    result: Option<Result<T, StoreError>>,
    waker: Option<Waker>,
}

impl OffThread {
    /// The result of `work`. Dropping the future leaves the thread to end by itself.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = Arc::new(Mutex::new(Slot { result: None, waker: None }));
        self.spawn(Arc::clone(&slot), work)?;
        poll_fn(|context| {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            match slot.result.take() {
                Some(result) => Poll::Ready(result),
                None => {
                    slot.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn spawn<T: Send + 'static>(
        &self,
        slot: Arc<Mutex<Slot<T>>>,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let place = Place::take(&self.running)?;
        let run = move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            drop(place);
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.result = Some(result.unwrap_or_else(|_| Err(StoreError::new("the store panicked"))));
            let waker = slot.waker.take();
            drop(slot);
            // The waker is code of the program, so it runs without the lock.
            if let Some(waker) = waker {
                waker.wake();
            }
        };
        let spawned = thread::Builder::new().name("cg-auth-store".to_owned()).spawn(run);
        spawned.map(drop).map_err(StoreError::new)
    }
}

/// The right to run one thread.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(running: &Arc<AtomicUsize>) -> Result<Self, StoreError> {
        let place = Self(Arc::clone(running));
        match running.fetch_add(1, Ordering::Relaxed) {
            before if before < MOST_THREADS => Ok(place),
            _ => Err(StoreError::new(format!("{MOST_THREADS} operations of the store wait for the disk"))),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

const MOST_THREADS: usize = 256;
