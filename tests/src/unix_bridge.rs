//! [`bridge`]: a Unix socket in front of a TCP port.

use std::{net::SocketAddr, path::Path};

use tokio::net::{TcpStream, UnixListener};

/// Listens at `path`, and connects each client to `address`.
pub fn bridge(path: &Path, address: SocketAddr) {
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(address).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
}
