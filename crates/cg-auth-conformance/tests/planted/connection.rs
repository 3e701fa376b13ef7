//! [`Connection`]: one connection of hyper, used by one exchange at a time.

use std::mem;

use http::{Request, Response, Uri, header::HOST};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use tokio::task::JoinHandle;

use crate::connections::Outgoing;

/// A connection. Dropping it closes it.
pub(crate) struct Connection {
    sender: Sender,
    task: JoinHandle<()>,
}

pub(crate) enum Sender {
    Http1(http1::SendRequest<Outgoing>),
    Http2(http2::SendRequest<Outgoing>),
}

impl Connection {
    pub(crate) fn new(sender: Sender, task: impl Future + Send + 'static) -> Self {
        Self { sender, task: tokio::spawn(async { drop(task.await) }) }
    }

    /// Sends `request`, whose URI is absolute. Fails with the request if the connection did not take it.
    pub(crate) async fn send(
        &mut self,
        mut request: Request<Outgoing>,
        is_for_a_proxy: bool,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                // A connection that has ended does not become ready, and then refuses the request.
                let _ = sender.ready().await;
                if !is_for_a_proxy {
                    let target = mem::take(request.uri_mut()).into_parts().path_and_query;
                    *request.uri_mut() = target.map(Uri::from).unwrap_or_default();
                }
                sender.try_send_request(request).await
            }
            Sender::Http2(sender) => {
                let _ = sender.ready().await;
                request.headers_mut().remove(HOST);
                sender.try_send_request(request).await
            }
        }
    }

    /// Whether it can carry another exchange.
    pub(crate) fn is_open(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => !sender.is_closed(),
            Sender::Http2(sender) => !sender.is_closed(),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}
