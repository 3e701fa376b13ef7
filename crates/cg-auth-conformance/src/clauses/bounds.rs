//! Rule 2: the transport bounds the body of an answer while it reads it.

use cg_auth_core::transport::TransportErrorKind;

use crate::{
    exchange::{error_of, exchange, get},
    failure::{Failure, ensure_eq},
    servers::listener::Listener,
    settings::Settings,
    subject::Subject,
};

/// A `content-length` beyond the limit is enough for the error; no byte of the body need come.
///
/// # Errors
/// [`Failure`] if the transport behaves otherwise.
pub async fn an_announced_length_beyond_the_limit_is_refused_unread(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    for length in [LIMIT as u64 + 1, u64::MAX / 2] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings { body_limit: LIMIT, ..Settings::default() });
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let call = transport.send(get(listener.base_url().as_str())?);
        let (sent, _connection) = exchange(call, listener.answer(head)).await?;
        ensure_eq!(error_of(sent)?.kind(), TransportErrorKind::TooLarge, "announced: {length} bytes");
    }
    Ok(())
}

const LIMIT: usize = 1000;
