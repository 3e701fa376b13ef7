//! The transport on several executors: none is blocked, and none is needed.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use cg_auth_ureq::{HttpTransport, TransportSettings, cg_auth_core::time::ThreadRuntime};

use crate::{
    server::{Server, exchange, ok, transport},
    threads::alone,
};

#[test]
fn it_works_without_any_runtime() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(TransportSettings::new());
    let (result, _connection) = exchange(&transport, &server, |server| server.answer(ok("{}")));
    assert_eq!(result.unwrap().body().as_bytes(), b"{}");
}

/// On a runtime with one thread, the other task serves the call.
#[test]
fn a_call_does_not_block_the_thread_that_polls_it() {
    let _alone = alone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let transport = transport(TransportSettings::new());
    runtime.block_on(async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serve = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            assert_ne!(connection.read(&mut [0; 1024]).await.unwrap(), 0);
            connection.write_all(ok("{}").as_bytes()).await.unwrap();
            connection
        };
        let request = http::Request::get(url).body(cg_auth_ureq::Body::empty()).unwrap();
        let (result, _connection) = tokio::join!(transport.send(request), serve);
        assert_eq!(result.unwrap().body().as_bytes(), b"{}");
    });
}

/// A future may move to another task between two polls.
#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(TransportSettings::new());
    let (woken, wakes) = channel();
    let first = Arc::new(Counter { count: AtomicUsize::new(0), woken: woken.clone() });
    let last = Arc::new(Counter { count: AtomicUsize::new(0), woken });
    let mut call = pin!(transport.send(server.request()));
    assert!(poll(call.as_mut(), &first).is_pending());
    assert!(poll(call.as_mut(), &last).is_pending());
    let _connection = server.answer(ok("{}"));
    wakes.recv().unwrap();
    assert_eq!((first.count.load(Ordering::SeqCst), last.count.load(Ordering::SeqCst)), (0, 1));
    let Poll::Ready(result) = poll(call.as_mut(), &last) else { panic!("woken for nothing") };
    assert_eq!(result.unwrap().body().as_bytes(), b"{}");
}

#[test]
fn a_call_that_is_never_polled_starts_nothing() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(TransportSettings::new());
    drop(transport.send(server.request()));
    assert!(server.is_left_alone());
}

#[test]
fn a_thousand_calls_at_once_are_all_answered() {
    let _alone = alone();
    const CALLS: usize = 1000;
    let server = Server::with_backlog(2000);
    let transport = transport(TransportSettings::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..CALLS {
                server.answer("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}");
            }
        });
        let calls = (0..CALLS).map(|_| transport.send(server.request()));
        let pending: Vec<_> = calls
            .filter_map(|mut call| match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => Some(call),
                // The server may be faster than this thread.
                Poll::Ready(result) => result.map(|_| None).unwrap(),
            })
            .collect();
        for call in pending {
            ThreadRuntime::block_on(call).unwrap();
        }
    });
}

struct Counter {
    count: AtomicUsize,
    woken: Sender<()>,
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.count.fetch_add(1, Ordering::SeqCst);
        let _ = self.woken.send(());
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>, counter: &Arc<Counter>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(counter))))
}
