//! [`block_on`]: polls a future on the current thread until it is ready.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use super::sync::{Condvar, Mutex};

#[inline]
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // A future that is ready at once needs no waker, and so no memory.
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => wait_for(future),
    }
}

/// A function of its own, so that the compiler can inline what a hit needs.
#[cold]
#[inline(never)]
fn wait_for<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    let signal = Arc::<Signal>::default();
    let waker = Waker::from(Arc::clone(&signal));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        signal.wait();
    }
}

/// Wakes one call of [`block_on`]. Parking the thread instead would consume an unpark that the program meant for
/// itself, or be ended by it.
#[derive(Default)]
struct Signal {
    /// Kept until the next wait, so that a wake during a poll is not lost.
    is_woken: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    fn wait(&self) {
        let is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_woken = self.changed.wait_while(is_woken, |is_woken| !*is_woken);
        *is_woken.unwrap_or_else(PoisonError::into_inner) = false;
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}
