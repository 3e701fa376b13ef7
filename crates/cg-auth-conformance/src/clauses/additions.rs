//! Rule 4: the transport adds nothing to a request.

use cg_auth_core::BaseUrl;
use tokio::net::TcpListener;

use super::requests::{receive, receive_at};
use crate::{
    exchange::{answered, delegation, deletion, get_from, refresh},
    failure::{Failure, ensure, ensure_eq},
    servers::{
        listener::{Listener, TOKEN},
        raw_message::RawMessage,
    },
    settings::Settings,
    subject::Subject,
};

/// The transport adds no header with a meaning of its own: no cookie, no `Referer`, no `Accept-Encoding`.
pub async fn nothing_is_added_to_a_request(subject: &dyn Subject) -> Result<(), Failure> {
    for operation in [delegation, refresh, deletion] {
        ensure_nothing_added(&receive(subject, |url| operation(&BaseUrl::parse(url)?)).await?)?;
    }
    let listener = Listener::bind().await;
    ensure_nothing_added(&receive_at(&listener, subject, get_from(&listener)?).await?)
}

/// A cookie that an answer sets is not sent back.
pub async fn a_cookie_is_not_sent_back(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    let setting = format!(
        "HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{TOKEN}",
        TOKEN.len(),
    );
    for _ in 0..2 {
        let call = transport.send(delegation(&listener.base_url())?);
        let (_, (received, _)) = answered(call, listener.answer(&setting)).await?;
        ensure_nothing_added(&received)?;
    }
    Ok(())
}

/// `Host` is the host and the port of the URL, once.
pub async fn the_host_is_that_of_the_url(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let received = receive_at(&listener, subject, delegation(&listener.base_url())?).await?;
    ensure_host(&received, &listener)
}

/// Any spelling of an IPv6 address leads to the server. Without IPv6 on the machine the case passes.
pub async fn any_spelling_of_an_ipv6_address_leads_to_the_server(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let Ok(socket) = TcpListener::bind("[::1]:0").await else {
        return Ok(());
    };
    let listener = Listener::from(socket);
    for host in ["[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[0::0:0.0.0.1]"] {
        let base_url = BaseUrl::parse(&format!("http://{host}:{}", listener.address().port()))?;
        let received = receive_at(&listener, subject, delegation(&base_url)?).await;
        ensure_host(&received.map_err(|failure| failure.when(host))?, &listener)?;
    }
    Ok(())
}

fn ensure_nothing_added(received: &RawMessage) -> Result<(), Failure> {
    for name in [
        "accept-encoding",
        "cookie",
        "expect",
        "forwarded",
        "origin",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "referer",
        "te",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-forwarded-for",
    ] {
        ensure!(received.values(name).is_empty(), "{} has {name}", received.line());
    }
    Ok(())
}

fn ensure_host(received: &RawMessage, listener: &Listener) -> Result<(), Failure> {
    let is: Vec<_> = received.values("host").iter().map(|host| String::from_utf8_lossy(host)).collect();
    ensure_eq!(is, [listener.address().to_string()], "host");
    Ok(())
}
