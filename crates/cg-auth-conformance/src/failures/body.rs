//! Failures within the answer's body.

use super::head::meet_request;
use crate::{
    exchange::{delegation, exchange},
    failure::Failure,
    row::Row,
    servers::listener::{Connection, Listener, TOKEN},
    settings::Settings,
    subject::Subject,
};

/// The body is shorter than announced.
pub async fn closed_within_a_body_of_known_length(subject: &dyn Subject) -> Result<(), Failure> {
    let begun = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{TOKEN}", TOKEN.len() + 1);
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        &begun,
    ] {
        meet_request(subject, "closed within a body of known length", answer, drop).await?;
    }
    Ok(())
}

/// The last chunk is missing, or the line after it.
pub async fn closed_within_a_chunked_body(subject: &dyn Subject) -> Result<(), Failure> {
    for chunks in ["", "10", "10\r\n{", "1\r\n{\r\n", "1\r\n{\r\n0\r\n"] {
        let answer = format!("{CHUNKED}{chunks}");
        let met = meet_request(subject, "closed within a chunked body", &answer, drop).await;
        met.map_err(|failure| failure.when(format!("{chunks:?}")))?;
    }
    Ok(())
}

/// Without a `close_notify` alert, an attacker may have cut off a body without a length.
pub async fn closed_without_notice_of_tls_after_a_body_of_unknown_length(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let listener = Listener::bind_tls().await;
    let root_certificates = listener.ca_pem().map(str::to_owned);
    let transport = subject.transport(&Settings { root_certificates, ..Settings::default() });
    let server = async { drop(listener.answer(format!("HTTP/1.1 200 OK\r\n\r\n{TOKEN}")).await) };
    let (sent, ()) = exchange(transport.send(delegation(&listener.base_url())?), server).await?;
    Row::of("closed without notice of TLS after a body of unknown length")?.check(subject, sent)
}

/// The server resets the connection in the middle of the body.
pub async fn reset_within_the_body(subject: &dyn Subject) -> Result<(), Failure> {
    let begun = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
    meet_request(subject, "reset within the body", begun, Connection::reset).await
}

/// The length of a chunk cannot be read, or is wrong.
pub async fn broken_chunk(subject: &dyn Subject) -> Result<(), Failure> {
    for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}garbage\r\n0\r\n\r\n", "fffffffffffffffff\r\n{}"] {
        let met = meet_request(subject, "broken chunk", &format!("{CHUNKED}{chunks}"), drop).await;
        met.map_err(|failure| failure.when(format!("{chunks:?}")))?;
    }
    Ok(())
}

/// The announced length is one byte beyond the limit. The server never sends the body.
pub async fn body_announced_as_too_long(subject: &dyn Subject) -> Result<(), Failure> {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
    meet_limited_call(subject, "body announced as too long", answer).await
}

/// The body grows one byte beyond the limit, with chunks and without.
pub async fn body_that_grows_too_long(subject: &dyn Subject) -> Result<(), Failure> {
    let chunked = format!("{CHUNKED}8\r\n12345678\r\n1\r\n9\r\n0\r\n\r\n");
    for answer in [&chunked, "HTTP/1.1 200 OK\r\n\r\n123456789"] {
        meet_limited_call(subject, "body that grows too long", answer).await?;
    }
    Ok(())
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// A transport with a limit of eight bytes reads `answer` from a connection that stays open.
async fn meet_limited_call(subject: &dyn Subject, failure: &str, answer: &str) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { body_limit: 8, ..Settings::default() });
    let call = transport.send(delegation(&listener.base_url())?);
    let (sent, _connection) = exchange(call, listener.answer(answer)).await?;
    Row::of(failure)?.check(subject, sent)
}
