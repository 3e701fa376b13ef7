//! The handle, called with every kind of runtime and without one.

use std::{
    pin::pin,
    sync::{Arc, LazyLock, Mutex},
    task::{Context, Poll, Wake},
    thread,
};

use cg_auth_core::{AuthClient, ClientSecret, RetryPolicy, UserPrincipalName};
use cg_auth_hyper::{Http2, HyperTransport};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{
    User,
    http::{raw_http, raw_http2},
};

mod moments;
mod scripts;

static SHARED: LazyLock<Emulator> = LazyLock::new(|| Emulator::start_blocking().unwrap());

#[test]
fn it_works_in_a_static_without_a_runtime() {
    assert_eq!(delegate(&SHARED).0, 200);
}

#[tokio::test]
async fn a_static_can_be_initialised_inside_a_runtime() {
    static INSIDE: LazyLock<Emulator> = LazyLock::new(|| Emulator::start_blocking().unwrap());
    assert_eq!(delegate(&INSIDE).0, 200);
    INSIDE.wait_for(Operation::GetDelegateAccessToken, 1, LONG).await.unwrap();
}

#[test]
fn it_works_on_any_executor() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    fn is_shared<T: Send + Sync + 'static>(_: &T) {}
    let emulator: Result<Emulator, EmulatorError> = wait(is_send(Emulator::start()));
    let emulator = emulator.unwrap();
    is_shared(&emulator);
    delegate(&emulator);
    wait(is_send(emulator.wait_for(Operation::GetDelegateAccessToken, 1, LONG))).unwrap();
    let missed = wait(emulator.wait_for(Operation::Other, 1, Duration::from_millis(10))).unwrap_err();
    assert_eq!(missed.to_string(), "0 of 1 requests for other arrived within 10ms");
    wait(is_send(emulator.shutdown()));
}

#[tokio::test(start_paused = true)]
async fn it_works_while_the_callers_clock_is_paused() {
    let emulator = Emulator::start().await.unwrap();
    let before = emulator.clock().now();
    let late = emulator.next(Operation::ProtectedResource).delay(Duration::from_millis(50));
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(b"GET /me HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
    emulator.wait_for(Operation::ProtectedResource, 1, LONG).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(late.hits(), 1);
    let passed = emulator.clock().now().saturating_since(before);
    assert!(passed >= Duration::from_millis(50) && passed < LONG);
    emulator.shutdown().await;
}

#[test]
fn waiting_for_requests_can_block() {
    let emulator = Emulator::start_blocking().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| emulator.wait_for_blocking(Operation::GetDelegateAccessToken, 2, LONG));
        delegate(&emulator);
        delegate(&emulator);
        waiter.join().unwrap().unwrap();
    });
    let missed =
        emulator.wait_for_blocking(Operation::GetDelegateAccessToken, 3, Duration::ZERO).unwrap_err();
    assert_eq!((missed.seen, missed.wanted), (2, 3));
}

#[test]
fn recorded_requests_describe_each_request_without_its_secrets() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let emulator = Emulator::builder()
        .on_request(move |request| sender.lock().unwrap().send(request.clone()).unwrap())
        .start_blocking()
        .unwrap();
    delegate(&emulator);
    raw_http::ask(emulator.address(), "GET /nowhere?s3cret", "");

    let requests = emulator.requests();
    let seen: Vec<_> = requests
        .iter()
        .map(|it| {
            (
                it.number(),
                it.operation(),
                it.method(),
                it.path(),
                it.status().unwrap().as_u16(),
                it.connection(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, Operation::GetDelegateAccessToken, "POST", "/auth/token/delegate", 200, 1),
            (2, Operation::Other, "GET", "/nowhere", 404, 2),
        ]
    );
    let names: Vec<_> = requests[0].header_names().collect();
    assert_eq!(names, ["host", "connection", "content-length", "clientsecret", "userprincipalname"]);
    assert_eq!((requests[0].alpn(), requests[0].is_scripted()), (None, false));
    assert_eq!(requests[0].http_version(), http::Version::HTTP_11);
    assert!(requests.iter().all(|request| request.elapsed().is_some_and(|elapsed| elapsed < LONG)));
    assert!(requests.iter().all(|request| request.received_at() <= emulator.clock().now().wall()));
    let shown = format!("{requests:?} {emulator:?}");
    assert!(
        !shown.contains(emulator.credential().client_secret().expose_secret()) && !shown.contains("s3cret")
    );

    let observed: Vec<_> =
        receiver.try_iter().map(|it| (it.number(), it.status().unwrap().as_u16())).collect();
    assert_eq!(observed, [(1, 200), (2, 404)]);
    assert_eq!((emulator.count(Operation::Other), emulator.forgotten_requests()), (1, 0));
}

#[tokio::test]
async fn a_panic_in_the_observer_ends_only_its_own_request() {
    for http2 in [Http2::Negotiated, Http2::PriorKnowledge] {
        let emulator = Emulator::builder()
            .on_request(|request| assert!(request.number() > 1, "the observer panics"))
            .start()
            .await
            .unwrap();
        let transport = HyperTransport::builder().http2(http2).build().unwrap();
        let client =
            AuthClient::new(emulator.base_url().clone(), transport).with_retry_policy(RetryPolicy::none());
        client.get_delegate_access_token(emulator.credential()).await.unwrap_err();
        client.get_delegate_access_token(emulator.credential()).await.unwrap();
        let requests = emulator.requests();
        assert_eq!(requests[0].connection() == requests[1].connection(), http2 == Http2::PriorKnowledge);
    }
}

#[test]
fn a_reset_forgets_requests_scripts_tokens_and_the_advanced_time() {
    let emulator = Emulator::start_blocking().unwrap();
    let (_, answer) = delegate(&emulator);
    emulator.next(Operation::Other).always().answer(200, "").keep();
    emulator.clock().advance(Duration::from_secs(1_000_000));
    let ahead = emulator.clock().now();
    emulator.reset();
    assert!(emulator.requests().is_empty());
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 0);
    assert!(emulator.clock().now().wall() < ahead.wall());
    assert_eq!(raw_http::ask(emulator.address(), "GET /nowhere", "").0, 404);
    let token = answer["value"]["access_token"].as_str().unwrap();
    let bearer = format!("GET /me HTTP/1.1\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n");
    assert!(raw_http::exchange(emulator.address(), &bearer).starts_with("HTTP/1.1 401"));
}

#[test]
fn users_keep_the_builders_order() {
    let named = |name: &str| {
        let name = UserPrincipalName::new(name).unwrap();
        ApiCredential::new(ClientSecret::new("s").unwrap(), name)
    };
    let builder = Emulator::builder().user(User::new(named("b@x"))).user(User::new(named("c@x")));
    let names = |emulator: &Emulator| -> Vec<_> {
        (0..4).map_while(|n| emulator.user(n)).map(|it| it.user_principal_name().to_string()).collect()
    };
    let emulator = builder.clone().start_blocking().unwrap();
    assert_eq!(names(&emulator), ["b@x", "c@x"]);
    assert_eq!(emulator.credential(), emulator.user(0).unwrap());
    let emulator = builder.credential(named("a@x")).start_blocking().unwrap();
    assert_eq!(names(&emulator), ["a@x", "b@x", "c@x"]);
    assert_eq!(names(&SHARED), ["someone@example.com", "plain@example.com"]);
    assert_eq!(SHARED.administrator(), SHARED.user(0));
    assert_eq!(SHARED.plain_user(), SHARED.user(1));
}

#[test]
fn env_holds_the_base_url_and_the_first_users_credential() {
    let credential = SHARED.credential();
    assert_eq!(
        SHARED.env(),
        [
            ("CG_AUTH_BASE_URL", SHARED.base_url().to_string()),
            ("CG_AUTH_USER_PRINCIPAL_NAME", credential.user_principal_name().to_string()),
            ("CG_AUTH_CLIENT_SECRET", credential.client_secret().expose_secret().to_owned()),
        ]
    );
}

#[test]
fn it_listens_on_the_given_address() {
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let emulator = Emulator::builder().listen(address).start_blocking().unwrap();
    assert_eq!(delegate(&emulator).0, 200);
    let taken = Emulator::builder().listen(emulator.address()).start_blocking().unwrap_err();
    let message = format!("the emulator cannot listen on {}", emulator.address());
    assert_eq!(taken.to_string(), format!("{message}; port 0 stands for any free port"));

    for (address, reached) in
        [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("192.0.2.1:1", "192.0.2.1:1")]
    {
        assert_eq!(reachable(address.parse().unwrap()).to_string(), reached);
    }
}

#[test]
fn a_shutdown_waits_for_the_answer_in_flight() {
    let emulator = Emulator::start_blocking().unwrap();
    let address = emulator.address();
    let client = send_delayed(&emulator, Duration::from_millis(300));
    emulator.shutdown_blocking();
    assert!(client.join().unwrap().starts_with("HTTP/1.1 401"));
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_an_idle_connection() {
    for http2 in [Http2::Negotiated, Http2::PriorKnowledge] {
        let emulator = Emulator::start().await.unwrap();
        let before = emulator.clock().now();
        let transport = HyperTransport::builder().http2(http2).build().unwrap();
        let client =
            AuthClient::new(emulator.base_url().clone(), transport).with_retry_policy(RetryPolicy::none());
        client.get_delegate_access_token(emulator.credential()).await.unwrap();
        let clock = emulator.clock().clone();
        // This blocks the thread that the client's connection needs.
        emulator.shutdown_blocking();
        assert!(clock.now().saturating_since(before) < Duration::from_secs(5));
    }
}

#[test]
fn dropping_the_emulator_or_its_shutdown_future_stops_at_once() {
    for polled in [false, true] {
        let emulator = Emulator::start_blocking().unwrap();
        let client = send_delayed(&emulator, LONG);
        if polled {
            let mut shutdown = Box::pin(emulator.shutdown());
            let waker = std::task::Waker::noop();
            assert!(shutdown.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        } else {
            drop(emulator);
        }
        assert_eq!(client.join().unwrap(), "");
    }
}

fn delegate(emulator: &Emulator) -> (u16, serde_json::Value) {
    raw_http::delegate(emulator.address(), emulator.credential())
}

/// Sends a request that the emulator answers after `delay`, and waits until the emulator has read it. The
/// returned thread waits for the answer.
fn send_delayed(emulator: &Emulator, delay: Duration) -> thread::JoinHandle<String> {
    emulator.next(Operation::ProtectedResource).delay(delay).keep();
    let address = emulator.address();
    let client = thread::spawn(move || raw_http::exchange(address, "GET /me HTTP/1.1\r\n\r\n"));
    emulator.wait_for_blocking(Operation::ProtectedResource, 1, LONG).unwrap();
    client
}

/// Polls `future` until it is ready, parking the thread in between.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Longer than any of these tests takes.
const LONG: Duration = Duration::from_secs(20);
