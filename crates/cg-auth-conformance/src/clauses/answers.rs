//! Rule 5: the transport returns the answer unchanged.

use cg_auth_core::body::Body;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};

use crate::{
    exchange::{answered, call_over_http2, get_from},
    failure::{Failure, ensure, ensure_eq},
    servers::{
        http2::{Http2, RST_STREAM},
        listener::{Listener, TOKEN, ok},
    },
    settings::Settings,
    subject::Subject,
};

/// Each header of the answer has all its values, byte for byte and in order.
pub async fn the_header_values_of_an_answer_are_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    let head = b"HTTP/1.1 200 OK\r\nx-odd: a  b\t\"c\" caf\xe9\r\nX-Several: second\r\nx-empty:\r\n\
                 x-several: First\r\ndate: Wed, 15 Sep 2021 08:14:18 GMT\r\ncontent-length: 2\r\n\r\n{}";
    let response = answer(subject, head).await?;
    let mut expected = HeaderMap::new();
    expected.append("x-odd", HeaderValue::from_bytes(b"a  b\t\"c\" caf\xe9")?);
    expected.append("x-several", HeaderValue::from_static("second"));
    expected.append("x-several", HeaderValue::from_static("First"));
    expected.append("x-empty", HeaderValue::from_static(""));
    expected.append("date", HeaderValue::from_static("Wed, 15 Sep 2021 08:14:18 GMT"));
    expected.append(CONTENT_LENGTH, HeaderValue::from_static("2"));
    for name in expected.keys() {
        let values = |headers: &HeaderMap| -> Vec<_> { headers.get_all(name).iter().cloned().collect() };
        ensure_eq!(values(response.headers()), values(&expected), "the header {name}");
    }
    Ok(())
}

/// The body is complete, byte for byte: with a length, in chunks, or up to the end of the connection.
pub async fn the_body_of_an_answer_is_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    let body: Vec<u8> = (0..=u8::MAX).collect::<Vec<_>>().repeat(400);
    let with_length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in body.chunks(1000) {
        chunked.extend(format!("{:X};extension=1\r\n", piece.len()).bytes());
        chunked.extend([piece, b"\r\n"].concat());
    }
    chunked.extend(b"0\r\nx-trailer: 1\r\n\r\n");
    let until_closed = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    for (how, whole, closes) in [
        ("with a length", [with_length.as_bytes(), &body].concat(), false),
        ("in chunks", chunked, false),
        ("up to the end of the connection", [until_closed, body.clone()].concat(), true),
    ] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings::default());
        let server = async {
            let (_, connection) = listener.answer(&whole).await;
            (!closes).then_some(connection)
        };
        let (response, _connection) = answered(transport.send(get_from(&listener)?), server).await?;
        ensure!(response.body().as_bytes() == body, "a body {how} has changed");
    }
    let spaced = "\u{feff} \r\n{}\t \n";
    let response = answer(subject, &ok(spaced)).await?;
    ensure!(response.body().as_bytes() == spaced.as_bytes(), "a body with white space around it has changed");
    Ok(())
}

/// A body that arrives byte by byte is complete.
pub async fn a_body_in_many_pieces_is_whole(subject: &dyn Subject) -> Result<(), Failure> {
    let chunks: String = TOKEN.chars().map(|character| format!("1\r\n{character}\r\n")).collect();
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    for whole in [ok(TOKEN), chunked.into_bytes()] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings::default());
        let server = async {
            let (_, mut connection) = listener.answer("").await;
            for byte in whole {
                connection.write(&[byte]).await;
                tokio::task::yield_now().await;
            }
            connection
        };
        let (response, _connection) = answered(transport.send(get_from(&listener)?), server).await?;
        ensure!(response.body().as_bytes() == TOKEN.as_bytes(), "a body in many pieces has changed");
    }
    Ok(())
}

/// Over HTTP/2 a body is whole even if it is longer than the windows of flow control, in both directions.
pub async fn a_long_body_over_http_2_is_whole(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { http2_prior_knowledge: true, ..Settings::default() });
    let (sent, returned) = ("x".repeat(300_000), "y".repeat(300_000));
    let request = Request::post(format!("{}/", listener.base_url()))
        .header(CONTENT_LENGTH, sent.len())
        .body(sent.clone().into())?;
    let server = listener.answer_http2(&returned);
    let (response, received) = answered(transport.send(request), server).await?;
    ensure!(*received.body() == sent.as_bytes(), "a long body arrived changed");
    ensure!(response.body().as_bytes() == returned.as_bytes(), "the long body of an answer has changed");
    Ok(())
}

/// A compressed body stays compressed, and its `content-encoding` stays.
pub async fn a_compressed_answer_is_returned_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    for (coding, body) in
        [("gzip", GZIP), ("deflate", TOKEN.as_bytes()), ("br", TOKEN.as_bytes()), ("zstd", TOKEN.as_bytes())]
    {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let response = answer(subject, &[head.as_bytes(), body].concat()).await?;
        let kept = response.headers().get(CONTENT_ENCODING);
        ensure!(kept.is_some_and(|kept| kept == coding), "the answer has lost content-encoding: {coding}");
        ensure!(response.body().as_bytes() == body, "the body with content-encoding: {coding} has changed");
    }
    Ok(())
}

/// The transport skips an interim answer and returns the final one.
pub async fn an_interim_answer_is_skipped(subject: &dyn Subject) -> Result<(), Failure> {
    for interim in ["100 Continue", "103 Early Hints", "199 Other"] {
        let mut whole = format!("HTTP/1.1 {interim}\r\nlink: </x>\r\n\r\n").into_bytes();
        whole.extend(ok(TOKEN));
        let response = answer(subject, &whole).await.map_err(|failure| failure.when(interim))?;
        ensure_eq!(response.status(), StatusCode::OK, "the status after {interim}");
        ensure!(response.body().as_bytes() == TOKEN.as_bytes(), "the body after {interim} has changed");
    }
    Ok(())
}

/// After its answer a server may reset the stream, if it needs no more of the request (RFC 9113 section 8.1).
pub async fn an_answer_that_has_ended_survives_the_reset_of_its_stream(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let no_error = 0_u32.to_be_bytes();
    let sent = call_over_http2(subject, async |mut http2: Http2, stream| {
        http2.answer(stream, TOKEN).await;
        http2.write(RST_STREAM, 0, stream, &no_error).await;
        http2.read_to_the_end().await;
    });
    ensure!(sent.await??.body().as_bytes() == TOKEN.as_bytes(), "the body has changed");
    Ok(())
}

/// `hello`, as gzip writes it.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00,
    0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
];

/// The response to a GET that is answered with `whole` on a connection that stays open.
async fn answer(subject: &dyn Subject, whole: &[u8]) -> Result<Response<Body>, Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    let (response, _) = answered(transport.send(get_from(&listener)?), listener.answer(whole)).await?;
    Ok(response)
}
