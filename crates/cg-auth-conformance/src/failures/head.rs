//! A connection that ends before or within the head of the answer, and a head that cannot be read.

use crate::{
    exchange::{ensure_left_alone, exchange, refresh},
    failure::Failure,
    row::Row,
    servers::listener::{Connection, Listener},
    settings::Settings,
    subject::Subject,
};

/// The server reads the request and closes.
pub async fn closed_before_the_head(subject: &dyn Subject) -> Result<(), Failure> {
    meet_request(subject, "closed before the head", "", drop).await
}

/// The server reads the request and resets the connection.
pub async fn reset_before_the_head(subject: &dyn Subject) -> Result<(), Failure> {
    meet_request(subject, "reset before the head", "", Connection::reset).await
}

/// The server closes in the middle of the head.
pub async fn closed_within_the_head(subject: &dyn Subject) -> Result<(), Failure> {
    meet_request(subject, "closed within the head", "HTTP/1.1 200 OK\r\ncontent-le", drop).await
}

/// The server resets the connection in the middle of the head.
pub async fn reset_within_the_head(subject: &dyn Subject) -> Result<(), Failure> {
    let begun = "HTTP/1.1 200 OK\r\ncontent-le";
    meet_request(subject, "reset within the head", begun, Connection::reset).await
}

/// The answer belongs to another protocol, or breaks the rules of HTTP.
pub async fn head_that_is_not_http(subject: &dyn Subject) -> Result<(), Failure> {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
    ] {
        let met = meet_request(subject, "head that is not HTTP", garbage, drop).await;
        met.map_err(|failure| failure.when(format!("{garbage:?}")))?;
    }
    Ok(())
}

/// The head has a thousand fields.
pub async fn head_too_long(subject: &dyn Subject) -> Result<(), Failure> {
    let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-filler: x\r\n".repeat(1000));
    meet_request(subject, "head too long", &head, drop).await
}

/// The server reads the request, writes `answer` and ends the connection.
pub(super) async fn meet_request(
    subject: &dyn Subject,
    failure: &str,
    answer: &str,
    end: impl FnOnce(Connection),
) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    let server = async { end(listener.answer(answer).await.1) };
    let (sent, ()) = exchange(transport.send(refresh(&listener.base_url())?), server).await?;
    Row::of(failure)?.check(subject, sent)?;
    ensure_left_alone(&listener, "after a failed answer, the server").await
}
