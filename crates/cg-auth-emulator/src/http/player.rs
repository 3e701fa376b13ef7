//! [`play`]: writes the bytes of a [`Plan`] to a connection that the HTTP library has left.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_rustls::server::TlsStream;

use super::{
    connection::{LONGEST, PEER_TIMEOUT},
    disturbance::{End, Plan, Step},
    shutdown::Shutdown,
};
use crate::scripts::ConnectionEnd;

/// A connection whose end can be chosen.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The TCP socket, below TLS if there is any.
    fn tcp(&mut self) -> &mut TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&mut self) -> &mut TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }
}

/// Plays `plan` until its end, the peer's end, a shutdown or [`LONGEST`].
pub(super) async fn play(mut stream: impl Socket, plan: Plan, shutdown: &mut watch::Receiver<Shutdown>) {
    tokio::select! {
        biased;
        () = Shutdown::Graceful.requested(shutdown) => {}
        // An error means that the peer has closed the connection, which ends the plan as well.
        _ = timeout(LONGEST, run(&mut stream, plan)) => {}
    }
}

async fn run(stream: &mut impl Socket, plan: Plan) -> io::Result<()> {
    for step in plan.steps {
        match step {
            Step::Write(bytes) => write(stream, &bytes).await?,
            Step::Repeat(piece, times) => {
                for _ in 0..times {
                    write(stream, &piece).await?;
                }
            }
            Step::Slowly(pieces, pause) => {
                for piece in pieces {
                    write(stream, &piece).await?;
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = drain(stream) => return Ok(()),
                    }
                }
            }
        }
    }
    match plan.end {
        End::Continue | End::ContinueWaiting | End::Hold => drain(stream).await,
        End::Connection(ConnectionEnd::Close) => {
            stream.shutdown().await?;
            // Closing with unread bytes resets the connection, which can destroy what was sent.
            let _ = timeout(PEER_TIMEOUT, drain(stream)).await;
        }
        End::Connection(ConnectionEnd::WithoutNotice) => {
            stream.tcp().shutdown().await?;
            let _ = timeout(PEER_TIMEOUT, drain(stream.tcp())).await;
        }
        End::Connection(ConnectionEnd::Reset) => stream.tcp().set_zero_linger()?,
    }
    Ok(())
}

/// Writes all bytes. A peer that does not read for [`PEER_TIMEOUT`] ends the plan.
async fn write(stream: &mut impl Socket, bytes: &[u8]) -> io::Result<()> {
    let written = timeout(PEER_TIMEOUT, async {
        stream.write_all(bytes).await?;
        stream.flush().await
    });
    written.await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

/// Reads and discards until the peer closes.
async fn drain(stream: &mut (impl AsyncRead + Unpin)) {
    let mut discarded = [0; 1024];
    while let Ok(1..) = stream.read(&mut discarded).await {}
}
