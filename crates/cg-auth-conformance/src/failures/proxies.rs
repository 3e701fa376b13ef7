//! A proxy that opens no tunnel to the service.

use cg_auth_core::BaseUrl;

use crate::{
    exchange::{Sent, delegation, ensure_left_alone, exchange},
    failure::{Failure, ensure, ensure_eq},
    row::Row,
    secrets::LOGIN,
    servers::{closed_port::ClosedPort, listener::Listener},
    settings::Settings,
    subject::Subject,
};

/// Nothing listens at the port of the proxy.
pub async fn proxy_down(subject: &dyn Subject) -> Result<(), Failure> {
    let closed = ClosedPort::new();
    let unreachable = closed.address();
    let proxy = Some(format!("http://{LOGIN}@{unreachable}"));
    let transport = subject.transport(&Settings { proxy, ..Settings::default() });
    let sent = transport.send(delegation(&service()?)?).await;
    Row::of("proxy down")?.check(subject, sent)
}

/// The login is wrong, or missing.
pub async fn proxy_refuses_the_credentials(subject: &dyn Subject) -> Result<(), Failure> {
    for login in [&format!("{LOGIN}@"), ""] {
        let sent = meet(subject, login, 407).await?;
        Row::of("proxy refuses the credentials")?.check(subject, sent)?;
    }
    Ok(())
}

/// The proxy answers the request for a tunnel with a status that is not a success.
pub async fn proxy_refuses_the_tunnel(subject: &dyn Subject) -> Result<(), Failure> {
    for status in [302, 400, 403, 404, 502, 503] {
        let sent = meet(subject, &format!("{LOGIN}@"), status).await?;
        let checked = Row::of("proxy refuses the tunnel")?.check(subject, sent);
        checked.map_err(|failure| failure.when(status))?;
    }
    Ok(())
}

fn service() -> Result<BaseUrl, Failure> {
    Ok(BaseUrl::parse("https://service.example")?)
}

/// The result of a call through a proxy that answers the request for a tunnel with `status`.
async fn meet(subject: &dyn Subject, login: &str, status: u16) -> Result<Sent, Failure> {
    let listener = Listener::bind().await;
    let proxy = Some(format!("http://{login}{}", listener.address()));
    let transport = subject.transport(&Settings { proxy, ..Settings::default() });
    let answer = format!(
        "HTTP/1.1 {status} No\r\nproxy-authenticate: Basic realm=\"suite\"\r\ncontent-length: 0\r\n\r\n"
    );
    let server = async {
        let (request, connection) = listener.answer(answer).await;
        drop(connection);
        request
    };
    let (sent, request) = exchange(transport.send(delegation(&service()?)?), server).await?;
    ensure_eq!(request.line(), "CONNECT service.example:443 HTTP/1.1", "the request for a tunnel");
    let is_login_sent = !request.values("proxy-authorization").is_empty();
    ensure!(
        is_login_sent != login.is_empty(),
        "the proxy received no login, or one that the settings do not have"
    );
    ensure_left_alone(&listener, "after a refusal, the proxy").await?;
    Ok(sent)
}
