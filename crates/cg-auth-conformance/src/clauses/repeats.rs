//! Rule 3: the transport sends no request twice.

use cg_auth_core::transport::TransportErrorKind::Closed;
use http::StatusCode;

use crate::{
    exchange::{
        answered, delegation, deletion, ensure_left_alone, error_of, exchange, first_call, get_from, refresh,
        soon,
    },
    failure::{Failure, ensure, ensure_eq},
    servers::listener::{Listener, TOKEN, ok, while_serving},
    settings::Settings,
    subject::Subject,
};

/// A request that was read and not answered is not sent again, whatever its method.
pub async fn a_request_without_an_answer_is_not_sent_again(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let base_url = listener.base_url();
    for request in [get_from(&listener)?, delegation(&base_url)?, refresh(&base_url)?, deletion(&base_url)?] {
        let transport = subject.transport(&Settings::default());
        let method = request.method().clone();
        let server = async { drop(listener.answer("").await) };
        let (sent, ()) = exchange(transport.send(request), server).await?;
        error_of(sent).map_err(|failure| failure.when(format!("a {method} without an answer")))?;
        ensure_left_alone(&listener, &format!("after a {method} without an answer, the server")).await?;
    }
    Ok(())
}

/// A request that was answered is not sent again, neither on its connection nor on another one.
pub async fn an_answered_request_is_not_sent_again(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    for request in [get_from(&listener)?, delegation(&listener.base_url())?] {
        let transport = subject.transport(&Settings::default());
        let (_, (_, mut connection)) = answered(transport.send(request), listener.answer(ok(TOKEN))).await?;
        ensure_left_alone(&listener, "after an answer, the server").await?;
        drop(transport);
        let more = soon(connection.receive(), "a dropped transport did not close its connection").await?;
        ensure!(more.is_none(), "the request was sent again on its connection");
    }
    Ok(())
}

/// An answer that asks for another try is an answer. Retries are the client's.
pub async fn an_answer_that_asks_for_a_retry_is_returned(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    for status in [401, 407, 408, 425, 429, 500, 502, 503, 504] {
        let answer = format!(
            "HTTP/1.1 {status} Later\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        for request in [get_from(&listener)?, delegation(&listener.base_url())?] {
            let transport = subject.transport(&Settings::default());
            let (response, _) = answered(transport.send(request), listener.answer(&answer)).await?;
            ensure_eq!(response.status().as_u16(), status, "the status of the answer");
        }
    }
    ensure_left_alone(&listener, "the server").await
}

/// A further request uses the connection of the one before.
pub async fn a_kept_connection_is_reused(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    let mut connection = first_call(&transport, &listener).await?;
    let server = async {
        let request = connection.receive().await;
        connection.write_in_vain(&ok(TOKEN)).await;
        request.is_some()
    };
    let (response, is_reused) = answered(transport.send(delegation(&listener.base_url())?), server).await?;
    ensure!(is_reused, "the transport closed the connection");
    ensure_eq!(response.status(), StatusCode::OK, "the status of the second answer");
    ensure_left_alone(&listener, "the server").await
}

/// The end of a connection and the next request may cross. Then the request may have been read, and counts as
/// sent.
pub async fn a_request_that_crosses_the_end_of_its_connection_arrives_once(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    for _ in 0..10 {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings::default());
        let mut first = first_call(&transport, &listener).await?;
        first.shut_down().await;
        let call = transport.send(delegation(&listener.base_url())?);
        let sent = while_serving(call, listener.answer(ok(TOKEN))).await;
        drop(transport);
        let was_read = first.receive().await.is_some();
        match sent {
            Ok(_) => ensure!(!was_read, "the first connection carried the request, and so did a second"),
            Err(error) => {
                ensure_eq!(error.kind(), Closed, "the error \"{error}\"");
                ensure!(
                    error.may_have_been_sent() || !was_read,
                    "the server has read the request, and the error says that it was not sent"
                );
            }
        }
        ensure_left_alone(&listener, "the server").await?;
    }
    Ok(())
}
