//! Rule 2: the transport bounds an answer while it reads it.

use cg_auth_core::transport::TransportErrorKind::{self, Malformed, TooLarge};

use crate::{
    exchange::{Sent, delegation, error_of, exchange, get_from, soon},
    failure::{Failure, ensure, ensure_eq},
    servers::{
        http2::Http2,
        listener::{Listener, ok, while_serving},
    },
    settings::Settings,
    subject::Subject,
};

/// A `content-length` beyond the limit is enough for the error; the server sends no byte of the body.
pub async fn an_announced_length_beyond_the_limit_is_refused_unread(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    for length in [LIMIT as u64 + 1, u64::MAX / 2] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let sent = limited_call(subject, head.as_bytes()).await?;
        ensure_eq!(error_of(sent)?.kind(), TooLarge, "announced: {length} bytes");
    }
    Ok(())
}

/// A body without a length is cut off at the limit, and its connection ends.
pub async fn an_endless_body_is_cut_off_at_the_limit(subject: &dyn Subject) -> Result<(), Failure> {
    let piece = format!("400\r\n{}\r\n", "x".repeat(0x400));
    meet_endless_answer(subject, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &piece, TooLarge)
        .await
}

/// A head without an end is cut off, and its connection ends.
pub async fn an_endless_head_is_cut_off(subject: &dyn Subject) -> Result<(), Failure> {
    let piece = format!("x-filler: {}\r\n", "x".repeat(0x400));
    meet_endless_answer(subject, "HTTP/1.1 200 OK\r\n", &piece, Malformed).await
}

/// A body as long as the limit is whole, however it is sent; one byte more is too much.
pub async fn a_body_of_exactly_the_limit_is_accepted(subject: &dyn Subject) -> Result<(), Failure> {
    let body = "x".repeat(LIMIT);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{LIMIT:x}\r\n{body}\r\n");
    for (answer, is_accepted) in [
        (String::from_utf8_lossy(&ok(&body)).into_owned(), true),
        (format!("{chunked}0\r\n\r\n"), true),
        (format!("{chunked}1\r\nx\r\n0\r\n\r\n"), false),
    ] {
        let sent = limited_call(subject, answer.as_bytes()).await?;
        if is_accepted {
            ensure_eq!(sent?.body().len(), LIMIT, "the length of a body as long as the limit");
        } else {
            ensure_eq!(error_of(sent)?.kind(), TooLarge, "one byte beyond the limit");
        }
    }
    Ok(())
}

/// Over HTTP/2, too, the limit counts while the body arrives, before its end.
pub async fn a_body_beyond_the_limit_is_cut_off_over_http_2(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let settings = Settings { body_limit: LIMIT, http2_prior_knowledge: true, ..Settings::default() };
    let transport = subject.transport(&settings);
    let server = async {
        let mut http2 = Http2::accept(&listener).await;
        let stream = http2.request().await;
        http2.begin_answer(stream, &"x".repeat(LIMIT + 1)).await;
        http2.read_to_the_end().await;
    };
    let call = while_serving(transport.send(delegation(&listener.base_url())?), server);
    let sent = soon(call, "the transport waited for the end of the body and did not fail").await?;
    ensure_eq!(error_of(sent)?.kind(), TooLarge, "a body beyond the limit");
    Ok(())
}

const LIMIT: usize = 1000;
/// More than the buffers of a loopback connection hold, less than a reader without a limit would read.
const WHAT_SOCKETS_BUFFER: usize = 64 * 1024 * 1024;

/// A transport with the limit reads `answer` from a connection that stays open.
async fn limited_call(subject: &dyn Subject, answer: &[u8]) -> Result<Sent, Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { body_limit: LIMIT, ..Settings::default() });
    let (sent, _connection) = exchange(transport.send(get_from(&listener)?), listener.answer(answer)).await?;
    Ok(sent)
}

/// The server sends `beginning`, and `piece` again and again until the transport closes the connection.
async fn meet_endless_answer(
    subject: &dyn Subject,
    beginning: &str,
    piece: &str,
    kind: TransportErrorKind,
) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { body_limit: LIMIT, ..Settings::default() });
    let call = async {
        let sent = transport.send(get_from(&listener)?).await;
        drop(transport);
        Ok::<_, Failure>(sent)
    };
    let server = async {
        let (_, mut connection) = listener.answer(beginning).await;
        connection.write_up_to(piece.as_bytes(), WHAT_SOCKETS_BUFFER).await
    };
    let (sent, written) = tokio::join!(call, server);
    ensure!(written < WHAT_SOCKETS_BUFFER, "the transport went on reading: {written} bytes");
    ensure_eq!(error_of(sent?)?.kind(), kind, "an answer without an end");
    Ok(())
}
