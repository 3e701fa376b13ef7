//! [`Connector`]: opens a connection to the server, with TLS of its own.

use std::{
    io,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use cg_auth_core::{model::localhost_addresses, token::store::StoreError, transport::TransportError};
use cg_auth_transport_util::{Http2, HttpsCheck, Tls, TlsSettings};
use redis::{AsyncConnectionConfig, RedisConnectionInfo, aio::MultiplexedConnection};
use rustls::{ClientConfig, pki_types::ServerName};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::AbortHandle,
};
use tokio_rustls::TlsConnector;

use crate::{
    failure::{Failure, lost},
    limit::within,
    redis_url::RedisUrl,
    reply_guard::{Greeting, ReplyGuard},
};

/// Opens connections to the server of a URL.
pub(crate) struct Connector {
    url: RedisUrl,
    /// `None` for a plain connection.
    tls: Option<Result<(Arc<ClientConfig>, HttpsCheck), TransportError>>,
}

/// A connection. It ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) redis: MultiplexedConnection,
    pub(crate) greeting: Greeting,
    _driver: Arc<Driver>,
}

#[cfg(test)]
impl Connection {
    /// Whether its task has ended.
    pub(crate) fn is_over(&self) -> bool {
        self._driver.0.is_finished()
    }
}

impl Connector {
    pub(crate) fn new(url: RedisUrl, tls: TlsSettings) -> Self {
        let tls = (!url.is_plaintext()).then(|| {
            // The protocols are those of HTTP, and Redis negotiates none.
            let Tls { mut config, check, .. } = Tls::new(tls, Http2::Off)?;
            config.alpn_protocols.clear();
            Ok((Arc::new(config), check))
        });
        Self { url, tls }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.url.address()
    }

    /// A new connection, with its task on the current tokio runtime. A runtime without I/O is an error.
    pub(crate) async fn connect(&self) -> Result<Connection, StoreError> {
        let mut connecting = pin!(within(CONNECT_LIMIT, self.open()));
        let connected = std::future::poll_fn(|context| {
            // Tokio has no way to ask whether its I/O is enabled: without I/O it panics.
            match catch_unwind(AssertUnwindSafe(|| connecting.as_mut().poll(context))) {
                Ok(poll) => poll,
                Err(_) => {
                    Some(Err(Failure::new("the tokio runtime has no I/O; build it with enable_all()"))).into()
                }
            }
        });
        let late = || {
            let hint = if self.tls.is_some() { "; does it speak TLS on this port?" } else { "" };
            Failure::new(format!("no connection to the Redis server {} within 5 s{hint}", self.address()))
        };
        connected.await.unwrap_or_else(|| Err(late())).map_err(StoreError::new)
    }

    async fn open(&self) -> Result<Connection, Failure> {
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(self.open_tcp().await?),
            Some(Ok((config, check))) => {
                load_roots(check)
                    .await
                    .map_err(|error| self.failure("cannot check the certificate of", error))?;
                Box::new(self.open_tls(config).await?)
            }
            Some(Err(error)) => return Err(self.failure("cannot set up TLS for", error.clone())),
        };
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let greeting = Greeting::default();
        let stream = ReplyGuard::new(stream, greeting.clone());
        let opened = MultiplexedConnection::new_with_config(&self.info(), stream, config).await;
        let (redis, driver) = opened.map_err(|error| lost(&error, &greeting, &self.address()))?;
        let driver = Arc::new(Driver(tokio::spawn(driver).abort_handle()));
        Ok(Connection { redis, greeting, _driver: driver })
    }

    async fn open_tls(&self, config: &Arc<ClientConfig>) -> Result<impl Stream + use<>, Failure> {
        let name = ServerName::try_from(self.url.host().to_owned())
            .map_err(|error| self.failure("the URL has no valid TLS name for", error))?;
        let tcp = self.open_tcp().await?;
        let handshake = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await;
        handshake.map_err(|error| self.failure("the TLS handshake failed with", error))
    }

    async fn open_tcp(&self) -> Result<TcpStream, Failure> {
        let addresses =
            self.resolve().await.map_err(|error| self.failure("cannot resolve the host of", error))?;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        for address in addresses {
            match within(CONNECT_LIMIT / count, TcpStream::connect(address)).await {
                Some(Ok(stream)) => {
                    // A connection works without these options. They save time, and notice early that the peer is gone.
                    let _ = stream.set_nodelay(true);
                    let _ =
                        SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE));
                    return Ok(stream);
                }
                Some(Err(error)) => last = error,
                None => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(self.failure("cannot connect to", last))
    }

    /// The addresses of the host. It asks no resolver for `localhost`, which could name another machine.
    async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let (host, port) = (self.url.host(), self.url.port());
        if let Some(addresses) = localhost_addresses(host) {
            return Ok(addresses.map(|address| SocketAddr::new(address, port)).to_vec());
        }
        Ok(lookup_host((host, port)).await?.collect())
    }

    fn info(&self) -> RedisConnectionInfo {
        // A server before Redis 7.2 does not know the command that names the library.
        let info = RedisConnectionInfo::default().set_db(self.url.database().into()).set_skip_set_lib_name();
        match self.url.login() {
            Some(login) => {
                let info = info.set_password(login.password.as_str());
                login.user.iter().fold(info, |info, user| info.set_username(user.as_str()))
            }
            None => info,
        }
    }

    fn failure(&self, what: &str, source: impl std::error::Error + Send + Sync + 'static) -> Failure {
        Failure::new(format!("{what} the Redis server {}", self.address())).with_source(source)
    }
}

/// Reads the platform's root certificates where tokio does blocking work.
async fn load_roots(check: &HttpsCheck) -> Result<(), TransportError> {
    match check {
        HttpsCheck::Failed(problem) => Err(problem.clone()),
        HttpsCheck::PlatformRoots(roots) if !roots.is_loaded() => {
            let roots = roots.clone();
            tokio::task::spawn_blocking(move || roots.load()).await.map_err(TransportError::config)?
        }
        _ => Ok(()),
    }
}

/// A stream of bytes: plain TCP, or TLS over it.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// The task that reads from the connection and writes to it. Dropping this ends the task.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How long an attempt to connect may take. An operation gives up earlier, and the attempt goes on for the next one.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
