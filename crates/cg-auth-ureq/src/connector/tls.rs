//! [`wrap`]: TLS over a stream.

use std::{io, sync::Arc};

use http::Uri;
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

use super::stream::Stream;

/// Does the TLS handshake with the host of `uri`.
///
/// # Errors
/// The handshake failed, or the stream did.
pub(super) fn wrap(
    mut stream: Box<dyn Stream>,
    uri: &Uri,
    config: &Arc<ClientConfig>,
) -> io::Result<Box<dyn Stream>> {
    let host = uri.host().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
    let mut tls = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    Ok(Box::new(StreamOwned::new(tls, stream)))
}

impl Stream for StreamOwned<ClientConnection, Box<dyn Stream>> {
    fn say_goodbye(&mut self) {
        self.conn.send_close_notify();
        // The peer may have ended the connection.
        let _ = self.conn.write_tls(&mut self.sock);
        self.sock.say_goodbye();
    }
}
