//! Rule 6: a status is never an error, and a call always ends in an answer or an error.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake},
    thread::{self, Thread},
    time::Duration,
};

use cg_auth_core::time::Now;

use crate::{
    exchange::{Sent, answered, delegation, get_from},
    failure::{Failure, ensure, ensure_eq},
    servers::{closed_port::ClosedPort, listener::Listener},
    settings::Settings,
    subject::Subject,
};

/// Every status is an answer, with its body: success, refusal, failure, and numbers without a name.
pub async fn a_status_is_an_answer(subject: &dyn Subject) -> Result<(), Failure> {
    for status in [200, 201, 226, 300, 400, 401, 403, 404, 407, 418, 429, 451, 499, 500, 503, 511, 599] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings::default());
        let answer = format!(
            "HTTP/1.1 {status} Some Reason\r\nwww-authenticate: Bearer\r\ncontent-length: 4\r\n\r\nbody"
        );
        let call = transport.send(delegation(&listener.base_url())?);
        let (response, _) = answered(call, listener.answer(&answer)).await?;
        ensure_eq!(response.status().as_u16(), status, "the status");
        ensure!(response.body().as_bytes() == b"body", "the body with status {status} has changed");
    }
    Ok(())
}

/// An answer that has no body by its status ends with its head.
pub async fn an_answer_without_a_body_ends_with_its_head(subject: &dyn Subject) -> Result<(), Failure> {
    for head in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings::default());
        let (response, _connection) =
            answered(transport.send(get_from(&listener)?), listener.answer(head)).await?;
        ensure!(response.body().is_empty(), "{head:?} has a body");
    }
    Ok(())
}

/// Outside of a tokio runtime a call works or fails. It neither panics nor waits forever.
pub async fn a_call_outside_of_a_runtime_ends(subject: &dyn Subject) -> Result<(), Failure> {
    let closed = ClosedPort::new();
    let transport = subject.transport(&Settings::default());
    let request = delegation(&closed.base_url())?;
    let outside = thread::spawn(move || {
        let call = AssertUnwindSafe(|| block_on(transport.send(request), Duration::from_secs(10)));
        catch_unwind(call).map_err(|_| Failure::new("the call panicked"))
    });
    let ended = tokio::task::spawn_blocking(|| outside.join()).await;
    match ended.map_err(|_| Failure::new("the call ended its thread"))? {
        Ok(Ok(Some(Err(_)))) => Ok(()),
        Ok(Ok(Some(Ok(_)))) => Err(Failure::new("a call to a closed port was answered")),
        Ok(Ok(None)) => Err(Failure::new("the call waits, and nothing wakes it")),
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::new("the call ended its thread")),
    }
}

/// Polls `call` on this thread for at most `limit`.
fn block_on(call: impl Future<Output = Sent>, limit: Duration) -> Option<Sent> {
    let mut call = pin!(call);
    let waker = Arc::new(Unpark(thread::current())).into();
    let started = Now::system();
    loop {
        if let Poll::Ready(sent) = call.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(sent);
        }
        let left = limit.saturating_sub(Now::system().saturating_since(started));
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
