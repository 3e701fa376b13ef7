//! Contract rules 4 and 5 over ureq, whose features another crate of the program may enable. This package enables
//! `charset`, `cookies` and `gzip`.

use std::io::Read;

use cg_auth_core::{body::Body, transport::HttpTransport};
use cg_auth_tests::{
    hang_guard::bounded,
    listener::{Listener, while_serving},
    raw_message::RawMessage,
};
use http::Request;
use tokio::task::spawn_blocking;

use super::subject::{Subject, UreqTransport};

/// The body is not in gzip, and its charset is one that ureq translates.
#[tokio::test]
async fn the_transport_does_not_decode_what_ureq_decodes() {
    for (headers, by_ureq) in [
        ("content-type: text/plain; charset=iso-8859-1", Some("caf\u{e9}".as_bytes())),
        ("Content-Type: TEXT/plain; charset=iso-8859-1\r\nx: y", None),
        ("content-encoding: gzip", None),
        ("CONTENT-ENCODING:gzip", None),
        ("x: content-encoding: gzip", Some(BODY)),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\nconnection: close\r\ncontent-length: 4\r\n\r\n");
        let answer = [head.as_bytes(), BODY].concat();
        let (asked, read) = bounded(plain_ureq(&answer)).await;
        assert_eq!(asked.values("accept-encoding"), [b"gzip"], "the feature is on");
        if let Some(by_ureq) = by_ureq {
            assert_eq!(read.unwrap(), by_ureq, "{headers}");
        }

        let listener = Listener::bind().await;
        let transport = <UreqTransport as Subject>::default();
        let request = Request::get(listener.base_url().as_str()).body(Body::empty()).unwrap();
        let call = while_serving(transport.send(request), listener.answer(&answer));
        let response = bounded(call).await.unwrap();
        assert_eq!(response.body().as_bytes(), BODY, "{headers}");
        let (name, value) = headers.lines().next().unwrap().split_once(':').unwrap();
        assert_eq!(response.headers()[name], value.trim_start());
        assert_eq!(response.headers().len(), 3 + usize::from(headers.contains('\n')), "{headers}");
    }
}

#[tokio::test]
async fn ureq_decodes_gzip_here_and_the_transport_does_not() {
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: 4\r\n\r\n";
    let (_, read) = bounded(plain_ureq(&[head.as_bytes(), BODY].concat())).await;
    assert!(read.is_err(), "it is no gzip");
}

const BODY: &[u8] = b"caf\xe9";

/// The request of ureq without the transport, and the body that it reads from `answer`.
async fn plain_ureq(answer: &[u8]) -> (RawMessage, std::io::Result<Vec<u8>>) {
    let listener = Listener::bind().await;
    let url = listener.base_url().as_str().to_owned();
    let call = spawn_blocking(move || {
        let mut body = Vec::new();
        let mut response =
            ureq::get(url).config().proxy(None).build().call().map_err(std::io::Error::other)?;
        response.body_mut().as_reader().read_to_end(&mut body).map(|_| body)
    });
    let ((request, _connection), read) = tokio::join!(listener.answer(answer), call);
    (request, read.unwrap())
}
