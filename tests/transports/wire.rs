//! Contract rule 4: a request on the wire.

use cg_auth_core::{
    BaseUrl,
    body::Body,
    endpoint::RequestOptions,
    model::{JsonContract, RefreshToken},
    transport::TransportErrorKind,
};
use cg_auth_tests::{
    listener::{Listener, TOKEN, ok},
    raw_message::RawMessage,
};
use http::{HeaderName, HeaderValue, Request};
use macro_rules_attribute::apply;
use tokio::net::TcpListener;

use super::{
    environment::skipped,
    subject::{Subject, client, client_over, credential},
};

#[apply(every_transport)]
async fn any_spelling_of_an_ipv6_address_leads_to_the_service<T: Subject>() {
    let Ok(socket) = TcpListener::bind("[::1]:0").await else {
        return skipped("this machine has no IPv6");
    };
    let listener = Listener::from(socket);
    for host in ["[0:0:0:0:0:0:0:1]", "[::0001]", "[0::0:0.0.0.1]"] {
        let base_url = BaseUrl::parse(&format!("http://{host}:{}", listener.address().port())).unwrap();
        let (client, credential) = (client::<T>(base_url), credential());
        let (answer, (request, _)) =
            tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
        answer.unwrap();
        assert_eq!(request.values("host"), [listener.address().to_string().as_bytes()]);
    }
}

#[apply(every_transport)]
async fn a_request_arrives_as_it_was_built<T: Subject>() {
    let listener = Listener::bind().await;
    let base_url = BaseUrl::parse(&format!("http://{}{ODD_PREFIX}/", listener.address())).unwrap();
    // Bytes beyond ASCII and inner white space are unusual and legal in a header value.
    let odd_value = HeaderValue::from_bytes(b"a  b\t\"c\" caf\xe9").unwrap();
    let options =
        RequestOptions::new().with_header(HeaderName::from_static("x-odd"), odd_value.clone()).unwrap();
    let client = client_over(base_url, T::default()).with_options(options);
    let credential = credential();
    let (answer, (request, _)) =
        tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    answer.unwrap();

    let body = serde_json::to_string(&credential.wire(JsonContract::CamelCase)).unwrap();
    assert_eq!(request.line(), format!("POST {ODD_PREFIX}/auth/token/delegate HTTP/1.1"));
    assert_eq!(request.values("host"), [listener.address().to_string().as_bytes()]);
    assert_eq!(request.values("clientSecret"), [credential.client_secret().expose_secret().as_bytes()]);
    assert_eq!(request.values("userPrincipalName"), [b"someone@example.com"]);
    assert_eq!(request.values("accept"), [b"application/json"]);
    assert_eq!(request.values("content-type"), [b"application/json"]);
    assert_eq!(request.values("content-length"), [body.len().to_string().as_bytes()]);
    assert_eq!(request.values("user-agent"), [concat!("cg-auth/", env!("CARGO_PKG_VERSION")).as_bytes()]);
    assert_eq!(request.values("x-odd"), [odd_value.as_bytes()]);
    assert_eq!(request.body, body.as_bytes());
    assert_nothing_is_added(&request);
}

#[apply(every_transport)]
async fn a_refresh_announces_an_empty_body<T: Subject>() {
    let listener = Listener::bind().await;
    let client = client::<T>(listener.base_url());
    let (credential, refresh_token) = (credential(), RefreshToken::new("rt-1").unwrap());
    let (answer, (request, _)) = tokio::join!(
        client.refresh_user_access_token(&credential, &refresh_token),
        listener.answer(ok(TOKEN)),
    );
    answer.unwrap();
    assert_eq!(request.line(), "POST /auth/token/refresh HTTP/1.1");
    assert_eq!(request.values("refresh_token"), [b"rt-1"]);
    assert_eq!(request.values("content-length"), [b"0"]);
    assert!(request.values("content-type").is_empty());
    assert_nothing_is_added(&request);
}

#[apply(every_transport)]
async fn a_delete_has_a_body<T: Subject>() {
    let listener = Listener::bind().await;
    let client = client::<T>(listener.base_url());
    let credential = credential();
    let (answer, (request, _)) =
        tokio::join!(client.delete_token_cache(&credential), listener.answer(ok("")));
    answer.unwrap();
    assert_eq!(request.line(), "DELETE /admin/auth/token/cache HTTP/1.1");
    assert_eq!(request.values("content-length"), [request.body.len().to_string().as_bytes()]);
    assert!(!request.body.is_empty());
    assert_nothing_is_added(&request);
}

#[apply(every_transport)]
async fn a_cookie_is_not_sent_back<T: Subject>() {
    let listener = Listener::bind().await;
    let client = client::<T>(listener.base_url());
    let credential = credential();
    let setting = format!(
        "HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{TOKEN}",
        TOKEN.len(),
    );
    for _ in 0..2 {
        let (answer, (request, _)) =
            tokio::join!(client.get_delegate_access_token(&credential), listener.answer(&setting));
        answer.unwrap();
        assert_nothing_is_added(&request);
    }
}

/// HTTP libraries differ in what they normalise. The contract allows a transport to refuse a target, never to
/// change it.
#[apply(every_transport)]
async fn a_target_is_sent_unchanged_or_refused<T: Subject>() {
    let listener = Listener::bind().await;
    let transport = T::default();
    for target in ["/a/../b", "/a/./b", "/a//b", "/%7e", "/a?b=c%20d&e='f'", "/a?", "/{a}|b", "/%2E%2e/a"] {
        let request =
            Request::get(format!("http://{}{target}", listener.address())).body(Body::empty()).unwrap();
        tokio::select! {
            sent = transport.send(request) => {
                assert_eq!(sent.unwrap_err().kind(), TransportErrorKind::Config, "{target}");
            }
            (request, _) = listener.answer(ok("")) => {
                assert_eq!(request.line(), format!("GET {target} HTTP/1.1"));
            }
        }
    }
}

/// Every character that RFC 3986 allows in a path segment, by kind.
const ODD_PREFIX: &str = "/a~b!$&'()*+,;=:@%20c/D-_.9";

fn assert_nothing_is_added(request: &RawMessage) {
    for name in ["transfer-encoding", "accept-encoding", "referer", "cookie", "origin", "expect", "te"] {
        assert!(request.values(name).is_empty(), "{name}");
    }
}
