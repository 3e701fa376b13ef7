//! [`Call`]: the future of an exchange that runs on a thread of its own.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    thread,
};

use cg_auth_core::{body::Body, transport::TransportError};
use http::Response;

use crate::cancellation::Cancellation;

/// An exchange on a thread. It is ready once the exchange is over, and cancels it when it is dropped.
#[derive(Debug)]
pub(crate) struct Call {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    cancellation: Cancellation,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

/// What an exchange ends with.
pub(crate) type Answer = Result<Response<Body>, TransportError>;

impl Call {
    /// Starts a thread for `exchange`, which sends its answer through the [`Reply`]. The thread may go on after
    /// that.
    ///
    /// # Errors
    /// [`TransportError`] of the connect kind when the system has no further thread.
    pub(crate) fn start(
        exchange: impl FnOnce(&Cancellation, Reply) + Send + 'static,
    ) -> Result<Self, TransportError> {
        let shared = Arc::new(Shared::default());
        let reply = Reply { shared: Arc::clone(&shared) };
        let thread = thread::Builder::new().name(THREAD.to_owned());
        let started = thread.spawn(move || {
            let shared = Arc::clone(&reply.shared);
            exchange(&shared.cancellation, reply);
        });
        started.map_err(|error: io::Error| {
            TransportError::connect(error).with_message("cannot start a thread for the request")
        })?;
        Ok(Self { shared })
    }
}

impl Future for Call {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let mut progress = self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner);
        match progress.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                progress.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.shared.cancellation.cancel();
    }
}

/// Sends the answer of an exchange to its [`Call`].
#[derive(Debug)]
pub(crate) struct Reply {
    shared: Arc<Shared>,
}

impl Reply {
    /// Wakes the caller with `answer`.
    pub(crate) fn send(self, answer: Answer) {
        self.set(answer);
    }

    /// Keeps the first answer.
    fn set(&self, answer: Answer) {
        let waker = {
            let mut progress = self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.answer.get_or_insert(answer);
            progress.waker.take()
        };
        // A waker is code of the program, so no lock is held.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Reply {
    /// Without this, a caller would wait for ever if the exchange panicked.
    fn drop(&mut self) {
        if thread::panicking() {
            self.set(Err(TransportError::closed("the thread of the exchange panicked")));
        }
    }
}

/// The name of the threads. Linux shows at most 15 bytes of it.
pub(crate) const THREAD: &str = "cg-auth-ureq";

#[cfg(test)]
mod tests {
    use cg_auth_core::{time::ThreadRuntime, transport::TransportErrorKind};

    use super::*;

    /// The panic shows on the standard error of this test, as it would in a program.
    #[test]
    fn an_exchange_that_panics_ends_its_call_with_an_error() {
        let call = Call::start(|_, _reply| panic!("a fault of this crate")).unwrap();
        let error = ThreadRuntime::block_on(call).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Closed);
        assert!(error.may_have_been_sent());
        assert!(!format!("{error} {error:?}").contains("a fault"), "{error:?}");
    }

    #[test]
    fn a_thread_may_go_on_after_its_reply() {
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let call = Call::start(move |cancellation, reply| {
            assert!(cancellation.is_over());
            reply.send(Ok(Response::new(Body::from("{}"))));
            let _ = ends.recv();
        });
        let answer = ThreadRuntime::block_on(call.unwrap()).unwrap();
        assert_eq!(answer.body().as_bytes(), b"{}");
        drop(end);
    }

    #[test]
    fn an_exchange_that_is_cancelled_before_it_blocks_does_not_block() {
        let (tell, told) = std::sync::mpsc::channel();
        let (go, goes) = std::sync::mpsc::channel::<()>();
        let call = Call::start(move |cancellation, _reply| {
            let _ = goes.recv();
            let (waiting, _waits) = std::sync::mpsc::channel();
            let refused = cancellation.before(crate::cancellation::BlockedOn::LookUp(waiting)).is_err();
            tell.send((refused, cancellation.is_over())).unwrap();
        });
        drop(call.unwrap());
        drop(go);
        assert_eq!(told.recv().unwrap(), (true, false));
    }
}
