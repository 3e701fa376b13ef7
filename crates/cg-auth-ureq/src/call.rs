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
        // A waker is code of the program, so it is cloned and dropped outside of the lock.
        let waker = context.waker().clone();
        let mut progress = self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let (poll, unneeded) = match progress.answer.take() {
            Some(answer) => (Poll::Ready(answer), Some(waker)),
            None => (Poll::Pending, progress.waker.replace(waker)),
        };
        drop(progress);
        drop(unneeded);
        poll
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

    /// A waker whose drop waits until the exchange has sent its answer.
    struct WaitsForTheAnswer {
        go: std::sync::mpsc::Sender<()>,
        is_sent: Mutex<std::sync::mpsc::Receiver<()>>,
        has_waited: std::sync::mpsc::Sender<bool>,
    }

    impl std::task::Wake for WaitsForTheAnswer {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for WaitsForTheAnswer {
        fn drop(&mut self) {
            self.go.send(()).unwrap();
            let limit = std::time::Duration::from_secs(10);
            let is_sent = self.is_sent.get_mut().unwrap().recv_timeout(limit).is_ok();
            self.has_waited.send(is_sent).unwrap();
        }
    }

    #[test]
    fn a_waker_may_wait_for_the_exchange_when_it_is_dropped() {
        let ((go, goes), (sent, is_sent)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
        let (has_waited, waited) = std::sync::mpsc::channel();
        let mut call = Call::start(move |_, reply| {
            goes.recv().unwrap();
            reply.send(Ok(Response::new(Body::from("{}"))));
            sent.send(()).unwrap();
        })
        .unwrap();
        let is_sent = Mutex::new(is_sent);
        let waker = Waker::from(Arc::new(WaitsForTheAnswer { go, is_sent, has_waited }));
        assert!(Pin::new(&mut call).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert!(Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(waited.recv().unwrap(), "the answer was sent while the waker was dropped");
        assert!(Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())).is_ready());
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
