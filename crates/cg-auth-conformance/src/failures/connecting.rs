//! A connection that cannot be made.

use std::time::Duration;

use cg_auth_core::{BaseUrl, time::Now};
use tokio::time::timeout;

use crate::{
    exchange::{delegation, ensure_left_alone, exchange},
    failure::{Failure, ensure},
    row::Row,
    servers::{
        closed_port::ClosedPort,
        listener::{Connection, Listener},
        tls11,
    },
    settings::Settings,
    subject::Subject,
};

/// Nothing listens at the port.
pub async fn connection_refused(subject: &dyn Subject) -> Result<(), Failure> {
    let closed = ClosedPort::new();
    let base_url = closed.base_url();
    call_in_vain(subject, "connection refused", &base_url).await
}

/// The operating system refuses a TCP connection to the broadcast address without sending a packet.
pub async fn host_unreachable(subject: &dyn Subject) -> Result<(), Failure> {
    let base_url = BaseUrl::parse_allowing_http("http://255.255.255.255")?;
    call_in_vain(subject, "host unreachable", &base_url).await
}

/// No name ends in `.invalid` (RFC 6761).
pub async fn host_name_not_found(subject: &dyn Subject) -> Result<(), Failure> {
    let base_url = BaseUrl::parse_allowing_http("http://cg-auth.invalid")?;
    call_in_vain(subject, "host name not found", &base_url).await
}

/// The server accepts the connection and is silent. The connect timeout includes TLS.
pub async fn tls_handshake_unanswered_at_the_connect_timeout(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { connect_timeout: LIMIT, ..Settings::default() });
    let started = Now::system();
    let call = transport.send(delegation(&https(&listener)?)?);
    let call = timeout(10 * LIMIT, exchange(call, listener.accept()));
    let (sent, _connection) =
        call.await.map_err(|_| Failure::new(format!("the transport went on long after {LIMIT:?}")))??;
    let elapsed = Now::system().saturating_since(started);
    Row::of("TLS handshake unanswered at the connect timeout")?.check(subject, sent)?;
    ensure!(elapsed >= LIMIT, "the transport gave up after {elapsed:?}, before {LIMIT:?}");
    Ok(())
}

/// The server reads the first TLS record and closes.
pub async fn tls_handshake_closed(subject: &dyn Subject) -> Result<(), Failure> {
    meet_client_hello(subject, "TLS handshake closed", b"", drop).await
}

/// The server reads the first TLS record and resets the connection.
pub async fn tls_handshake_reset(subject: &dyn Subject) -> Result<(), Failure> {
    meet_client_hello(subject, "TLS handshake reset", b"", Connection::reset).await
}

/// The server at the port does not speak TLS.
pub async fn no_tls_at_the_port(subject: &dyn Subject) -> Result<(), Failure> {
    for answer in [
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        "<html>plain HTTP at an HTTPS port</html>",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "220 mail.example ESMTP\r\n",
    ] {
        meet_client_hello(subject, "no TLS at the port", answer.as_bytes(), drop).await?;
    }
    Ok(())
}

/// The server has TLS 1.1 at most.
pub async fn no_tls_version_in_common(subject: &dyn Subject) -> Result<(), Failure> {
    for answer in [tls11::ALERT, tls11::SERVER_HELLO] {
        meet_client_hello(subject, "no TLS version in common", answer, drop).await?;
    }
    Ok(())
}

const LIMIT: Duration = Duration::from_millis(500);

async fn call_in_vain(subject: &dyn Subject, failure: &str, base_url: &BaseUrl) -> Result<(), Failure> {
    let transport = subject.transport(&Settings::default());
    Row::of(failure)?.check(subject, transport.send(delegation(base_url)?).await)
}

/// The server reads the first TLS record of the client, sends `answer` and ends the connection.
async fn meet_client_hello(
    subject: &dyn Subject,
    failure: &str,
    answer: &[u8],
    end: impl FnOnce(Connection),
) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    let server = async {
        let mut connection = listener.accept().await;
        let mut record = [0; 5];
        let mut is_record = connection.read_exact(&mut record).await;
        let length = u16::from_be_bytes([record[3], record[4]]);
        is_record &= connection.read_exact(&mut vec![0; length.into()]).await;
        connection.write_in_vain(answer).await;
        end(connection);
        is_record
    };
    let call = transport.send(delegation(&https(&listener)?)?);
    let (sent, is_record) = exchange(call, server).await?;
    ensure!(is_record, "the transport sent no TLS record");
    Row::of(failure)?.check(subject, sent)?;
    ensure_left_alone(&listener, "after a failed handshake, the server").await
}

fn https(listener: &Listener) -> Result<BaseUrl, Failure> {
    Ok(BaseUrl::parse(&format!("https://{}", listener.address()))?)
}
