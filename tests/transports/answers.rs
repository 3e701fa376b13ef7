//! Contract rules 1, 2 and 5: redirects are not followed, bodies are bounded, nothing is decompressed.

use cg_auth_core::{CallErrorKind, body::Body, transport::TransportErrorKind};
use cg_auth_tests::listener::{Listener, TOKEN, ok, while_serving};
use http::{Request, StatusCode, header::CONTENT_ENCODING};
use macro_rules_attribute::apply;

use super::subject::{Subject, client, credential, settings};

#[apply(every_transport)]
async fn a_redirect_is_not_followed<T: Subject>() {
    let (listener, elsewhere) = (Listener::bind().await, Listener::bind().await);
    for status in [301, 302, 303, 307, 308] {
        let redirect = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: http://{}/auth/token/delegate\r\ncontent-length: 0\r\n\r\n",
            elsewhere.address(),
        );
        let client = client::<T>(listener.base_url());
        let credential = credential();
        let call = client.get_delegate_access_token(&credential);
        let error = while_serving(call, listener.answer(&redirect)).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Protocol, "{status}");
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
    assert!(elsewhere.is_left_alone().await);
    assert!(listener.is_left_alone().await);
}

#[apply(every_transport)]
async fn an_announced_length_beyond_the_limit_is_refused_unread<T: Subject>() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", LIMIT + 1);
    assert_eq!(kind_of_limited_call::<T>(head.as_bytes()).await, Err(TransportErrorKind::TooLarge));
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", u64::MAX / 2);
    assert_eq!(kind_of_limited_call::<T>(head.as_bytes()).await, Err(TransportErrorKind::TooLarge));
}

#[apply(every_transport)]
async fn an_endless_body_is_cut_off_at_the_limit<T: Subject>() {
    let listener = Listener::bind().await;
    let transport = limited::<T>();
    let call = async {
        let error = transport.send(request(&listener)).await.unwrap_err();
        drop(transport);
        error
    };
    let server = async {
        let (_, mut connection) =
            listener.answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        connection.write_until_closed(format!("400\r\n{}\r\n", "x".repeat(0x400)).as_bytes()).await
    };
    let (error, sent) = tokio::join!(call, server);
    assert_eq!(error.kind(), TransportErrorKind::TooLarge);
    assert!(sent < WHAT_SOCKETS_BUFFER, "the transport went on reading: {sent} bytes");
}

#[apply(every_transport)]
async fn an_endless_head_is_cut_off<T: Subject>() {
    let listener = Listener::bind().await;
    let transport = T::default();
    let server = async {
        let (_, mut connection) = listener.answer(b"HTTP/1.1 200 OK\r\n").await;
        connection.write_until_closed(format!("x-filler: {}\r\n", "x".repeat(0x400)).as_bytes()).await
    };
    let (sent, written) = tokio::join!(transport.send(request(&listener)), server);
    assert_eq!(sent.unwrap_err().kind(), TransportErrorKind::Malformed);
    assert!(written < WHAT_SOCKETS_BUFFER, "the transport went on reading: {written} bytes");
}

#[apply(every_transport)]
async fn an_interim_answer_is_skipped<T: Subject>() {
    let listener = Listener::bind().await;
    let transport = T::default();
    let mut answer = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".to_vec();
    answer.extend(ok(TOKEN));
    let response = while_serving(transport.send(request(&listener)), listener.answer(answer)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.body().as_bytes(), TOKEN.as_bytes());
}

#[apply(every_transport)]
async fn a_body_of_exactly_the_limit_is_accepted<T: Subject>() {
    let body = "x".repeat(LIMIT);
    assert_eq!(kind_of_limited_call::<T>(&ok(&body)).await, Ok(LIMIT));
    let chunked =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{LIMIT:x}\r\n{body}\r\n0\r\n\r\n");
    assert_eq!(kind_of_limited_call::<T>(chunked.as_bytes()).await, Ok(LIMIT));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{LIMIT:x}\r\n{body}\r\n1\r\nx\r\n0\r\n\r\n"
    );
    assert_eq!(kind_of_limited_call::<T>(chunked.as_bytes()).await, Err(TransportErrorKind::TooLarge));
}

#[apply(every_transport)]
async fn a_compressed_answer_is_returned_unchanged<T: Subject>() {
    let listener = Listener::bind().await;
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n{TOKEN}",
            TOKEN.len(),
        );
        let transport = T::default();
        let sent = transport.send(request(&listener));
        let response = while_serving(sent, listener.answer(&answer)).await.unwrap();
        assert_eq!(response.headers()[CONTENT_ENCODING], coding);
        assert_eq!(response.body().as_bytes(), TOKEN.as_bytes());

        let client = client::<T>(listener.base_url());
        let credential = credential();
        let call = client.get_delegate_access_token(&credential);
        let error = while_serving(call, listener.answer(&answer)).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (CallErrorKind::Protocol, Some(StatusCode::OK)));
    }
}

const LIMIT: usize = 1000;
/// More than the buffers of a loopback connection hold, less than a reader without a limit would read.
const WHAT_SOCKETS_BUFFER: usize = 64 * 1024 * 1024;

/// The length of the body that a transport with a limit reads from `answer`, or the kind of its error.
async fn kind_of_limited_call<T: Subject>(answer: &[u8]) -> Result<usize, TransportErrorKind> {
    let listener = Listener::bind().await;
    let transport = limited::<T>();
    let sent = while_serving(transport.send(request(&listener)), listener.answer(answer)).await;
    sent.map(|response| response.body().len()).map_err(|error| error.kind())
}

fn limited<T: Subject>() -> T {
    T::with(&settings(|settings| settings.body_limit = LIMIT))
}

fn request(listener: &Listener) -> Request<Body> {
    Request::get(format!("http://{}/", listener.address())).body(Body::empty()).unwrap()
}
