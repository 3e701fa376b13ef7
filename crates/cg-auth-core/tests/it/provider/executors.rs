//! Two executors that cannot spawn share a provider.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    AuthClient, ClientSecret, TokenProvider,
    body::Body,
    time::{BoxFuture, Now, Runtime},
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};

use super::user;
use crate::support::{SECRET, base, response};

/// An executor in a few lines: the thread sleeps until it is woken.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park_timeout(Duration::from_secs(30));
    }
}

/// Real clocks, a thread for each timer, and no tasks.
#[derive(Debug)]
struct Threads;

impl Runtime for Threads {
    fn now(&self) -> Now {
        Now::system()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(after(duration))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }
}

async fn after(duration: Duration) {
    let begun = Now::system();
    poll_fn(|context| {
        let left = duration.saturating_sub(Now::system().saturating_since(begun));
        if left.is_zero() {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        thread::spawn(move || {
            thread::sleep(left);
            waker.wake();
        });
        Poll::Pending
    })
    .await;
}

/// Answers after 200 ms, with a token of one second.
#[derive(Debug, Clone, Default)]
struct Slow(Arc<AtomicUsize>);

#[async_trait]
impl HttpTransport for Slow {
    async fn send(&self, _: Request<Body>) -> Result<Response<Body>, TransportError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        after(Duration::from_millis(200)).await;
        let body = format!(r#"{{"value":{{"access_token":"t{number}","duration":1}},"isSuccess":true}}"#);
        Ok(response(200, &[], body))
    }
}

#[test]
fn two_executors_that_cannot_spawn_are_both_served_by_few_requests() {
    let transport = Slow::default();
    let client = AuthClient::with_runtime(base(), transport.clone(), Threads);
    let provider = TokenProvider::new(client, user(), ClientSecret::new(SECRET).unwrap());
    let begun = Now::system();
    let elapsed = || Now::system().saturating_since(begun);
    let served: Vec<usize> = thread::scope(|scope| {
        let executors = [(); 2].map(|()| {
            let provider = provider.clone();
            let elapsed = &elapsed;
            scope.spawn(move || {
                let mut served = 0;
                while elapsed() < Duration::from_millis(2500) {
                    block_on(provider.token()).unwrap();
                    served += 1;
                    thread::sleep(Duration::from_millis(10));
                }
                served
            })
        });
        executors.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let requests = transport.0.load(Ordering::SeqCst);
    assert!(served.iter().all(|served| *served > 0), "{served:?}");
    // At most one request at a time, each of 200 ms.
    assert!(requests as u128 <= elapsed().as_millis() / 200 + 1, "{requests}");
}
