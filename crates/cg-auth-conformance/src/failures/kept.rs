//! A kept connection that ends.

use crate::{
    exchange::{delegation, ensure_left_alone, exchange, first_call, soon},
    failure::{Failure, ensure},
    row::Row,
    servers::listener::{Connection, Listener, TOKEN, ok},
    settings::Settings,
    subject::Subject,
};

/// The transport closes the connection as well, and the next request arrives once, on another one.
pub async fn kept_connection_closed_while_idle(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    let mut first = first_call(&transport, &listener).await?;
    first.shut_down().await;
    let more = soon(first.receive(), "the transport did not close an idle connection that had ended").await?;
    ensure!(more.is_none(), "the transport sent a request without a call");

    let call = transport.send(delegation(&listener.base_url())?);
    let (sent, (_, mut second)) = exchange(call, listener.answer(ok(TOKEN))).await?;
    Row::of("kept connection closed while idle")?.check(subject, sent)?;
    drop(transport);
    let more = soon(second.receive(), "a dropped transport did not close its connection").await?;
    ensure!(more.is_none(), "the request was sent again");
    ensure_left_alone(&listener, "the server").await
}

/// The server reads the second request on the first connection, and ends that connection.
pub async fn kept_connection_closed_once_the_request_was_read(subject: &dyn Subject) -> Result<(), Failure> {
    for end in [drop, Connection::reset] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings::default());
        let mut connection = first_call(&transport, &listener).await?;
        let server = async {
            let request = connection.receive().await;
            end(connection);
            request.is_some()
        };
        let (sent, is_kept) = exchange(transport.send(delegation(&listener.base_url())?), server).await?;
        ensure!(is_kept, "the transport did not use the connection again");
        Row::of("kept connection closed once the request was read")?.check(subject, sent)?;
        ensure_left_alone(&listener, "after a request without an answer, the server").await?;
    }
    Ok(())
}
