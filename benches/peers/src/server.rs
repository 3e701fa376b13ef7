//! [`Service`] over HTTP/1.1: in a process of its own for the calls over loopback, and in this one for the peers
//! that bring their own HTTP client. It does as little as it can, so that the client limits the rate.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use crate::{
    loopback_server::{be_the_server_if_started, path_of_whole_request},
    service::{Service, Shape},
};

/// Is the server, and never returns, if [`LoopbackServer::start`](crate::loopback_server::LoopbackServer::start)
/// started this process.
pub fn serve_if_started() {
    be_the_server_if_started(async |listener| {
        let service = Service::new();
        // No subject takes such a token for valid, so each of them asks again.
        service.set_lifetime(1);
        accept_all(listener, service).await;
    });
}

/// Answers on loopback from a background task.
pub async fn listen(service: Arc<Service>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(accept_all(listener, service)))
}

async fn accept_all(listener: TcpListener, service: Arc<Service>) {
    while let Ok((connection, _)) = listener.accept().await {
        let _ = connection.set_nodelay(true);
        tokio::spawn(answer_all(connection, Arc::clone(&service)));
    }
}

/// Answers each request of a connection. Every client waits for an answer before it sends more.
pub async fn answer_all(
    mut connection: impl AsyncRead + AsyncWrite + Unpin,
    service: Arc<Service>,
) -> io::Result<()> {
    let (mut buffer, mut filled) = ([0; 4096], 0);
    let mut head = Vec::with_capacity(4096);
    loop {
        match connection.read(&mut buffer[filled..]).await? {
            0 => return Ok(()),
            read => filled += read,
        }
        let Some(path) = path_of_whole_request(&buffer[..filled]) else { continue };
        let answer = service.answer(Shape::of_path(path)).await;
        filled = 0;
        head.clear();
        head.extend_from_slice(b"HTTP/1.1 ");
        head.extend_from_slice(answer.status().as_str().as_bytes());
        head.extend_from_slice(b" -\r\ncontent-type: application/json\r\ncontent-length: ");
        head.extend_from_slice(answer.body().len().to_string().as_bytes());
        head.extend_from_slice(b"\r\n\r\n");
        head.extend_from_slice(answer.body());
        connection.write_all(&head).await?;
    }
}
