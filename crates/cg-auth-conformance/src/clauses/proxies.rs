//! Rule 10: the transport uses a proxy only when one is configured, and never for a loopback host.

use cg_auth_core::BaseUrl;
use http::{Request, StatusCode};

use crate::{
    exchange::{answered, delegation, ensure_left_alone, error_of, exchange, get},
    failure::{Failure, ensure, ensure_eq},
    secret_texts::CLIENT_SECRET,
    secrets::LOGIN,
    servers::{
        listener::{Listener, TOKEN, ok},
        raw_message::RawMessage,
        tls::TlsServer,
    },
    settings::Settings,
    subject::Subject,
};

/// A loopback host is reached directly, whatever is configured.
pub async fn loopback_never_uses_a_proxy(subject: &dyn Subject) -> Result<(), Failure> {
    let (proxy, listener) = (Listener::bind().await, Listener::bind().await);
    let transport = subject.transport(&through(&proxy));
    let port = listener.address().port();
    let last_answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let url = format!("http://{host}:{port}/");
        let call = answered(transport.send(get(&url)?), listener.answer(last_answer));
        tokio::select! {
            answered = call => drop(answered?),
            _ = proxy.accept() => return Err(Failure::new(format!("{url} used the proxy"))),
        }
    }
    // Nothing listens there: a proxy would receive the request all the same.
    for host in ["127.0.0.1:1", "localhost:1", "[::1]:1", "127.5.6.7:1"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/");
            tokio::select! {
                sent = transport.send(get(&url)?) => drop(error_of(sent)?),
                _ = proxy.accept() => return Err(Failure::new(format!("{url} used the proxy"))),
            }
        }
    }
    ensure_left_alone(&proxy, "the proxy").await
}

/// A tunnel leads to the service, which receives the request as if there were no proxy.
pub async fn a_tunnel_leads_to_the_service(subject: &dyn Subject) -> Result<(), Failure> {
    let service = Listener::bind_tls_with(TlsServer::new().name("service.example")).await;
    let proxy = Listener::bind().await;
    let root_certificates = service.ca_pem().map(str::to_owned);
    let transport = subject.transport(&Settings { root_certificates, ..through(&proxy) });
    let base_url = BaseUrl::parse("https://service.example")?;
    let call = answered(transport.send(delegation(&base_url)?), service.answer(ok(TOKEN)));
    let tunnel = async {
        let (request, tunnel) = proxy.answer("HTTP/1.1 200 OK\r\n\r\n").await;
        ensure_eq!(request.line(), "CONNECT service.example:443 HTTP/1.1", "the request for a tunnel");
        tunnel.relay(service.address()).await;
        std::future::pending().await
    };
    let (response, (request, _connection)) = tokio::select! {
        answered = call => answered?,
        refused = tunnel => return refused,
    };
    ensure_eq!(response.status(), StatusCode::OK, "the status of the answer");
    ensure_eq!(request.line(), "POST /auth/token/delegate HTTP/1.1", "the request line at the service");
    ensure!(request.values("host") == [b"service.example"], "host at the service is another one");
    ensure_no_trace(&request)
}

/// The request for a tunnel holds the host, the port and the login only.
pub async fn a_proxy_learns_nothing_of_a_tunnelled_request(subject: &dyn Subject) -> Result<(), Failure> {
    let proxy = Listener::bind().await;
    let transport = subject.transport(&through(&proxy));
    for (base_url, target) in [
        ("https://service.example", "service.example:443"),
        ("https://service.example:8443/path", "service.example:8443"),
        ("https://192.0.2.1", "192.0.2.1:443"),
    ] {
        let call = transport.send(delegation(&BaseUrl::parse(base_url)?)?);
        let (sent, (connect, _)) = exchange(call, proxy.answer(FORBIDDEN)).await?;
        error_of(sent)?;
        ensure_eq!(connect.line(), format!("CONNECT {target} HTTP/1.1"), "the request for a tunnel");
        ensure!(connect.values("host") == [target.as_bytes()], "host is another one");
        ensure!(connect.values("proxy-authorization") == [BASIC], "the login is another one");
        ensure!(connect.values("clientsecret").is_empty(), "the proxy received the secret");
        ensure!(connect.body.is_empty(), "the request for a tunnel has a body");
    }
    Ok(())
}

/// Plain http is handed to a configured proxy in absolute form, unchanged otherwise.
pub async fn plain_http_reaches_a_proxy_in_absolute_form(subject: &dyn Subject) -> Result<(), Failure> {
    let proxy = Listener::bind().await;
    let transport = subject.transport(&through(&proxy));
    for (target, host) in [
        ("http://service.example/a?b=c", "service.example"),
        ("http://service.example:8080/", "service.example:8080"),
        ("http://[2001:db8::1]/", "[2001:db8::1]"),
    ] {
        let request = Request::post(target).header("x-odd", "a  b").body("{}".into())?;
        let (_, (request, _)) = answered(transport.send(request), proxy.answer(ok(""))).await?;
        ensure_eq!(request.line(), format!("POST {target} HTTP/1.1"), "the request line");
        ensure!(request.values("host") == [host.as_bytes()], "host of {target} is another one");
        ensure!(request.values("proxy-authorization") == [BASIC], "the login is another one");
        ensure!(request.values("x-odd") == [b"a  b"], "a header value has changed");
        ensure!(request.values("content-length") == [b"2"], "content-length is another one");
        ensure!(request.body == b"{}", "the body has changed");
    }
    Ok(())
}

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
/// The login of the suite, as a proxy receives it.
const BASIC: &[u8] = b"Basic dXNlcjpodW50ZXIyQA==";

/// Settings with `listener` as the proxy, and its login.
pub(crate) fn through(listener: &Listener) -> Settings {
    Settings { proxy: Some(format!("http://{LOGIN}@{}", listener.address())), ..Settings::default() }
}

fn ensure_no_trace(request: &RawMessage) -> Result<(), Failure> {
    for name in ["proxy-authorization", "proxy-connection", "via", "forwarded", "x-forwarded-for"] {
        ensure!(request.values(name).is_empty(), "the service received {name}");
    }
    ensure!(request.values("clientsecret") == [CLIENT_SECRET.as_bytes()], "the secret has changed");
    Ok(())
}
