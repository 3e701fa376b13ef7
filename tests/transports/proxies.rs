//! Requests through a configured proxy, which runs in a process of its own.

use cg_auth_core::{AuthClient, BaseUrl, transport::TransportErrorKind};
use cg_auth_tests::{
    listener::{Connection, Listener, TOKEN, ok},
    proxy::{Proxy, ProxyBuilder},
    tls::TlsServer,
};
use cg_auth_transport_util::TransportSettings;
use macro_rules_attribute::apply;

use super::{
    messages::{assert_hides, assert_text_hides},
    subject::{Configurable, client_over, credential, without_platform_roots},
};

#[apply(own_transports)]
async fn a_tunnel_leads_to_the_service<T: Configurable>() {
    let service = service().await;
    let mut proxy = proxy_to(&service).start().await;
    let client = client_over(base_url(), through::<T>(&proxy.url(), &service));
    let mut connection = assert_answered(&client, &service).await;
    assert_eq!(proxy.seen().await, ["CONNECT service.example:443 no 200"]);

    let again = async {
        connection.receive().await.expect("the second request in the same tunnel");
        connection.write(&ok(TOKEN)).await;
    };
    let credential = credential();
    let (answer, ()) = tokio::join!(client.get_delegate_access_token(&credential), again);
    answer.unwrap();
    assert_eq!(proxy.seen().await.len(), 1);
}

#[apply(own_transports)]
async fn a_login_opens_a_tunnel<T: Configurable>() {
    let service = service().await;
    for (user, password, in_url) in
        [("user", "p@ss", "p%40ss"), ("user", "", ""), ("some one", "a:b/c%\u{e9}", "a%3Ab%2Fc%25%C3%A9")]
    {
        let mut proxy = proxy_to(&service).credentials(user, password).start().await;
        let url = proxy.url_with(&user.replace(' ', "%20"), in_url);
        let client = client_over(base_url(), through::<T>(&url, &service));
        assert_answered(&client, &service).await;
        assert_eq!(proxy.seen().await, ["CONNECT service.example:443 right 200"]);
    }
}

#[apply(own_transports)]
async fn a_proxy_may_be_reached_over_tls<T: Configurable>() {
    let service = service().await;
    let mut proxy = proxy_to(&service).tls().credentials("user", "p@ss").start().await;
    let url = proxy.url_with("user", "p%40ss");
    let transport = TransportSettings::new()
        .extra_root_certificates_pem(service.ca_pem().unwrap().as_bytes())
        .and_then(|settings| settings.extra_root_certificates_pem(proxy.ca_pem().unwrap().as_bytes()))
        .and_then(|settings| settings.proxy(&url))
        .map(T::with_settings)
        .unwrap();
    assert_answered(&client_over(base_url(), transport), &service).await;
    assert_eq!(proxy.seen().await, ["CONNECT service.example:443 right 200"]);
}

#[apply(own_transports)]
async fn plain_http_is_handed_to_a_configured_proxy<T: Configurable>() {
    let service = Listener::bind().await;
    let mut proxy =
        proxy().route("service.example:80", service.address()).credentials("user", "p@ss").start().await;
    let transport = proxied::<T>(&proxy.url_with("user", "p%40ss"));
    let base_url = BaseUrl::parse_allowing_http("http://service.example").unwrap();
    assert_answered(&client_over(base_url, transport), &service).await;
    let asked = "POST http://service.example/auth/token/delegate right 200";
    assert_eq!(proxy.seen().await, [asked]);
}

#[apply(own_transports)]
async fn the_login_of_a_proxy_is_not_shown<T: Configurable>() {
    let settings = TransportSettings::new().proxy("http://user:hunter2%40@proxy.example").unwrap();
    let shown = format!("{settings:?} {settings:#?}");
    let transport = T::with_settings(settings);
    assert_text_hides(&format!("{shown} {transport:?} {transport:#?}"), &LOGIN);

    for url in ["http://user:hunter2%40@", "socks5://user:hunter2%40@proxy.example", "://hunter2"] {
        let error = TransportSettings::new().proxy(url).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Config);
        assert_hides(&error, &LOGIN);
    }
}

/// The login `user:hunter2@`: its password, its `Basic` form, and the first bytes of each in decimal.
pub(crate) const LOGIN: [&str; 4] =
    ["hunter2", "dXNlcjpodW50ZXIyQA", "104, 117, 110, 116", "100, 88, 78, 108"];

const PROGRAM: &str = env!("CARGO_BIN_EXE_connect-proxy");

pub(crate) fn proxy() -> ProxyBuilder {
    Proxy::builder(PROGRAM)
}

/// A service with a name that a proxy alone can resolve.
pub(crate) async fn service() -> Listener {
    Listener::bind_tls_with(TlsServer::new().name("service.example")).await
}

pub(crate) fn base_url() -> BaseUrl {
    BaseUrl::parse("https://service.example").unwrap()
}

/// A proxy that leads `https://service.example` to `service`.
pub(crate) fn proxy_to(service: &Listener) -> ProxyBuilder {
    proxy().route("service.example:443", service.address())
}

/// A transport that uses the proxy at `url`.
pub(crate) fn proxied<T: Configurable>(url: &str) -> T {
    T::with_settings(without_platform_roots().proxy(url).unwrap())
}

/// A transport that uses the proxy at `url` and trusts `service`.
pub(crate) fn through<T: Configurable>(url: &str, service: &Listener) -> T {
    let roots = service.ca_pem().unwrap().as_bytes();
    let settings = TransportSettings::new().extra_root_certificates_pem(roots);
    settings.and_then(|settings| settings.proxy(url)).map(T::with_settings).unwrap()
}

/// Makes a call. Its request reaches the service as if there were no proxy, and is answered.
async fn assert_answered(client: &AuthClient, service: &Listener) -> Connection {
    let credential = credential();
    let (answer, (request, connection)) =
        tokio::join!(client.get_delegate_access_token(&credential), service.answer(ok(TOKEN)));
    answer.unwrap();
    assert_eq!(request.line(), "POST /auth/token/delegate HTTP/1.1");
    assert_eq!(request.values("host"), [b"service.example"]);
    assert_eq!(request.values("clientSecret"), [credential.client_secret().expose_secret().as_bytes()]);
    for name in ["proxy-authorization", "proxy-connection", "via", "forwarded", "x-forwarded-for"] {
        assert!(request.values(name).is_empty(), "{name}");
    }
    connection
}
