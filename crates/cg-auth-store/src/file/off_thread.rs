//! [`OffThread`]: runs blocking work on threads of its own.

use std::{
    collections::VecDeque,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    thread,
};

use cg_auth_core::token::store::StoreError;

/// A few threads that end when there is no more work. A disk that hangs keeps its threads, so further work waits for
/// one of them, and its caller gives it up.
#[derive(Debug, Clone, Default)]
pub(super) struct OffThread {
    work: Arc<Mutex<Work>>,
}

#[derive(Default)]
struct Work {
    /// How many threads run.
    threads: usize,
    waiting: VecDeque<Job>,
}

type Job = Box<dyn FnOnce() + Send>;

/// Where a thread leaves its result for the future that waits.
struct Slot<T> {
    result: Option<Result<T, StoreError>>,
    waker: Option<Waker>,
}

impl OffThread {
    /// The result of `work`. Dropping the future leaves the work to end by itself.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = Arc::new(Mutex::new(Slot { result: None, waker: None }));
        self.start(job(Arc::clone(&slot), work))?;
        poll_fn(|context| {
            let mut slot = lock(&slot);
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

    fn start(&self, job: Job) -> Result<(), StoreError> {
        {
            let mut work = lock(&self.work);
            if work.threads == MOST_THREADS {
                if work.waiting.len() == MOST_WAITING {
                    return Err(StoreError::new(format!(
                        "{MOST_WAITING} operations of the store wait for the disk"
                    )));
                }
                work.waiting.push_back(job);
                return Ok(());
            }
            work.threads += 1;
        }
        let work = Arc::clone(&self.work);
        let run = move || {
            let mut next = Some(job);
            while let Some(job) = next {
                job();
                next = next_job(&work);
            }
        };
        let spawned = thread::Builder::new().name("cg-auth-store".to_owned()).spawn(run);
        spawned.map(drop).map_err(|error| {
            lock(&self.work).threads -= 1;
            StoreError::new(error)
        })
    }
}

/// The work that waits longest. Without any, the thread ends.
fn next_job(work: &Mutex<Work>) -> Option<Job> {
    let mut work = lock(work);
    let next = work.waiting.pop_front();
    if next.is_none() {
        work.threads -= 1;
    }
    next
}

/// It never panics, so that its thread counts right.
fn job<T: Send + 'static>(
    slot: Arc<Mutex<Slot<T>>>,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Job {
    Box::new(move || {
        let result = catch_unwind(AssertUnwindSafe(work));
        let waker = {
            let mut slot = lock(&slot);
            slot.result = Some(result.unwrap_or_else(|_| Err(StoreError::new("the store panicked"))));
            slot.waker.take()
        };
        // The waker is code of the program, so it runs without the lock, and may panic.
        if let Some(waker) = waker {
            drop(catch_unwind(AssertUnwindSafe(|| waker.wake())));
        }
    })
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").field("threads", &self.threads).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const MOST_THREADS: usize = 64;
/// A program that starts with a thousand users asks for all of them at once.
const MOST_WAITING: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::mpsc, task::Context};

    use super::*;

    /// A waker that does nothing.
    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn work_beyond_the_threads_waits_for_one_and_there_is_a_bound() {
        let (off_thread, done) = (OffThread::default(), mpsc::channel());
        let gate = Arc::<Mutex<()>>::default();
        let closed = gate.lock().unwrap();
        for number in 0..MOST_THREADS + MOST_WAITING {
            let (gate, done) = (Arc::clone(&gate), done.0.clone());
            let work = move || {
                drop(gate.lock().unwrap());
                done.send(number).unwrap();
                Ok(())
            };
            // The dropped future leaves the work.
            assert!(poll(off_thread.run(work)).is_pending(), "{number}");
        }
        let Poll::Ready(Err(error)) = poll(off_thread.run(|| Ok(()))) else { panic!("no bound") };
        assert!(format!("{error:?}").contains("wait for the disk"), "{error:?}");
        drop(closed);
        let mut numbers: Vec<_> = done.1.iter().take(MOST_THREADS + MOST_WAITING).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..MOST_THREADS + MOST_WAITING));
    }

    #[test]
    fn work_that_panics_is_an_error_and_its_thread_goes_on() {
        let off_thread = OffThread::default();
        for _ in 0..2 * MOST_THREADS {
            let outcome = cg_auth_core::time::ThreadRuntime::block_on(
                off_thread.run(|| -> Result<(), StoreError> { std::panic::resume_unwind(Box::new(())) }),
            );
            assert!(format!("{:?}", outcome.unwrap_err()).contains("the store panicked"));
        }
        cg_auth_core::time::ThreadRuntime::block_on(off_thread.run(|| Ok(()))).unwrap();
    }
}
