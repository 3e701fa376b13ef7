//! Rule 7: dropping the future cancels the exchange and leaves the transport usable.

use std::{pin::pin, time::Duration};

use cg_auth_core::BaseUrl;

use crate::{
    exchange::{answered, before_the_end, delegation, first_call, soon},
    failure::{Failure, ensure},
    servers::{
        http2::{Http2, RST_STREAM},
        listener::{Listener, TOKEN},
    },
    settings::Settings,
    subject::Subject,
};

/// After some calls that were dropped, the same transport makes a call that is answered.
pub async fn a_dropped_call_leaves_the_transport_usable(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    for _ in 0..3 {
        let received = async {
            let mut connection = listener.accept().await;
            connection.receive().await.map(|_| connection)
        };
        let call = transport.send(delegation(&listener.base_url())?);
        ensure!(before_the_end(call, received).await?.is_some(), "the transport closed its connection");
    }
    first_call(&transport, &listener).await?;
    Ok(())
}

/// A call that is dropped while it waits for the answer sends nothing more, and its connection ends.
pub async fn a_dropped_call_ends_its_exchange(subject: &dyn Subject) -> Result<(), Failure> {
    for begun in ["", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings::default());
        let call = transport.send(delegation(&listener.base_url())?);
        let (_, mut connection) = before_the_end(call, listener.answer(begun)).await?;
        let left = format!("the connection of a dropped call (answered so far: {begun:?}) did not end");
        let more = soon(connection.read_to_end(), &left).await?;
        ensure!(more.is_empty(), "a dropped call sent {} bytes more", more.len());
    }
    Ok(())
}

/// A call that is dropped while it connects ends its connection.
pub async fn a_call_that_is_dropped_while_it_connects_ends(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    // The end of the time to connect must not end the connection before this case has.
    let connect_timeout = Duration::from_secs(3600);
    let transport = subject.transport(&Settings { connect_timeout, ..Settings::default() });
    let base_url = BaseUrl::parse(&format!("https://{}", listener.address()))?;
    let hello = async {
        let mut connection = listener.accept().await;
        connection.read_exact(&mut [0; 5]).await.then_some(connection)
    };
    let connection = before_the_end(transport.send(delegation(&base_url)?), hello).await?;
    let mut connection = connection.ok_or_else(|| Failure::new("the transport sent no TLS record"))?;
    soon(connection.read_to_end(), "the connection of a call that was dropped in its handshake did not end")
        .await?;
    Ok(())
}

/// Over HTTP/2 the stream of a dropped call is reset, or its connection ends. Another call works.
pub async fn a_dropped_call_ends_its_stream_over_http_2(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { http2_prior_knowledge: true, ..Settings::default() });
    let received = async {
        let mut http2 = Http2::accept(&listener).await;
        let stream = http2.request().await;
        (http2, stream)
    };
    let call = transport.send(delegation(&listener.base_url())?);
    let (mut http2, dropped) = before_the_end(call, received).await?;
    let ends = async {
        while let Some((kind, stream)) = http2.read().await {
            if kind == RST_STREAM && stream == dropped {
                return true;
            }
        }
        false
    };
    let is_open = soon(ends, "the stream of a dropped call did not end").await?;
    let call = transport.send(delegation(&listener.base_url())?);
    let server = async {
        // The transport may go on with the connection, or replace it.
        let mut accepted = pin!(accept(&listener));
        let (mut http2, stream) = tokio::select! {
            stream = http2.request_or_end(), if is_open => match stream {
                Some(stream) => (http2, stream),
                None => accepted.await,
            },
            accepted = &mut accepted => accepted,
        };
        http2.answer(stream, TOKEN).await;
        http2
    };
    answered(call, server).await?;
    Ok(())
}

async fn accept(listener: &Listener) -> (Http2, u32) {
    let mut http2 = Http2::accept(listener).await;
    let stream = http2.request().await;
    (http2, stream)
}
