//! Rule 4: the transport sends method, target, header values and body unchanged.

use cg_auth_core::{BaseUrl, body::Body, transport::TransportErrorKind};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};

use crate::{
    exchange::{answered, delegation, deletion, get, refresh},
    failure::{Failure, ensure, ensure_eq},
    servers::{
        listener::{Listener, ok},
        raw_message::RawMessage,
    },
    settings::Settings,
    subject::Subject,
};

/// The method of the request line is that of the request.
pub async fn a_method_arrives_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let received = receive(subject, |url| Ok(request(method.clone(), url)?)).await?;
        ensure_eq!(received.line(), format!("{method} / HTTP/1.1"), "the first line");
    }
    Ok(())
}

/// The path of a base URL arrives with every character that RFC 3986 allows there, and the operation's after
/// it.
pub async fn a_path_arrives_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    const ODD_PREFIX: &str = "/a~b!$&'()*+,;=:@%20c/D-_.9";
    for (operation, line) in [
        (delegation as fn(&BaseUrl) -> _, "POST PREFIX/auth/token/delegate HTTP/1.1"),
        (refresh, "POST PREFIX/auth/token/refresh HTTP/1.1"),
        (deletion, "DELETE PREFIX/admin/auth/token/cache HTTP/1.1"),
    ] {
        let received =
            receive(subject, |url| operation(&BaseUrl::parse(&format!("{url}{ODD_PREFIX}"))?)).await?;
        ensure_eq!(received.line(), line.replace("PREFIX", ODD_PREFIX), "the first line");
    }
    Ok(())
}

/// A target that some HTTP libraries normalise arrives unchanged, or the transport refuses it as a config
/// error.
pub async fn a_target_is_sent_unchanged_or_refused(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    for target in ["/a/../b", "/a/./b", "/a//b", "/%7e", "/a?b=c%20d&e='f'", "/a?", "/{a}|b", "/%2E%2e/a"] {
        let request = get(&format!("http://{}{target}", listener.address()))?;
        tokio::select! {
            sent = transport.send(request) => match sent {
                Err(error) => ensure_eq!(error.kind(), TransportErrorKind::Config, "{target} was refused"),
                Ok(_) => return Err(Failure::new(format!("{target} was answered and did not arrive"))),
            },
            (request, _) = listener.answer(ok("")) => {
                ensure_eq!(request.line(), format!("GET {target} HTTP/1.1"), "the first line");
            }
        }
    }
    Ok(())
}

/// Every value arrives byte for byte: upper case, inner white space, bytes beyond ASCII, and an empty one.
pub async fn a_header_value_arrives_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    for value in [b"Some Value/1.0".as_slice(), b"a  b\t\"c\" caf\xe9", b"", b"%20%7e&amp;", &[b'x'; 4000]] {
        let mut sent = HeaderMap::new();
        sent.insert("x-odd", HeaderValue::from_bytes(value)?);
        let with_odd = |url: &str| {
            let mut request = delegation(&BaseUrl::parse(url)?)?;
            request.headers_mut().extend(sent.clone());
            Ok(request)
        };
        ensure_headers(&receive(subject, with_odd).await?, &sent)?;
    }
    for operation in [delegation, refresh, deletion] {
        let listener = Listener::bind().await;
        let request = operation(&listener.base_url())?;
        let sent = request.headers().clone();
        let received = receive_at(&listener, subject, request).await?;
        ensure_headers(&received, &sent)?;
    }
    Ok(())
}

/// A header with several values arrives with all of them, in their order.
pub async fn every_value_of_a_header_arrives_in_order(subject: &dyn Subject) -> Result<(), Failure> {
    let mut sent = HeaderMap::new();
    for value in ["second", "First", "third", "First"] {
        sent.append("x-several", HeaderValue::from_static(value));
    }
    let with_several = |url: &str| {
        let mut request = request(Method::POST, url)?;
        *request.headers_mut() = sent.clone();
        Ok(request)
    };
    let received = receive(subject, with_several).await?;
    let joined = b"second, First, third, First".as_slice();
    // One line with all values means the same (RFC 9110 section 5.3).
    ensure!(
        received.values("x-several") == values(&sent, "x-several")
            || received.values("x-several") == [joined],
        "the values of a header: {}",
        shown(&received.values("x-several"))
    );
    Ok(())
}

/// Every body arrives byte for byte, whatever its content and its length.
pub async fn a_body_arrives_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for body in [b"{}".to_vec(), b"\r\n\r\n".to_vec(), every_byte.clone(), every_byte.repeat(1000)] {
        let received = receive(subject, |url| with_body(url, body.clone())).await?;
        ensure!(received.body == body, "a body of {} bytes arrived changed", body.len());
    }
    Ok(())
}

/// A body has exactly one `content-length` and is never chunked.
pub async fn a_body_has_a_length_and_is_not_chunked(subject: &dyn Subject) -> Result<(), Failure> {
    for body in [b"{}".to_vec(), vec![b'x'; 300_000]] {
        let length = body.len().to_string();
        let received = receive(subject, |url| with_body(url, body)).await?;
        ensure_length(&received, &length)?;
    }
    for operation in [delegation, deletion] {
        let received = receive(subject, |url| operation(&BaseUrl::parse(url)?)).await?;
        ensure!(!received.body.is_empty(), "the body of {} is missing", received.line());
        ensure_length(&received, &received.body.len().to_string())?;
    }
    Ok(())
}

/// A POST without a body announces a length of zero. Some servers refuse it otherwise.
pub async fn an_empty_post_has_a_length_of_zero(subject: &dyn Subject) -> Result<(), Failure> {
    let received = receive(subject, |url| refresh(&BaseUrl::parse(url)?)).await?;
    ensure_length(&received, "0")?;
    ensure!(received.values("content-type").is_empty(), "a request without a body has a content-type");
    Ok(())
}

/// Over HTTP/2 the same holds of header values and body.
pub async fn a_request_over_http_2_arrives_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { http2_prior_knowledge: true, ..Settings::default() });
    let mut request = delegation(&BaseUrl::parse(&format!("{}/a~b!", listener.base_url()))?)?;
    request.headers_mut().insert("x-odd", HeaderValue::from_bytes(b"a  b\t\"c\" caf\xe9")?);
    for value in ["second", "First"] {
        request.headers_mut().append("x-several", HeaderValue::from_static(value));
    }
    let (expected, body) = (request.headers().clone(), request.body().as_bytes().to_vec());
    let (response, received) = answered(transport.send(request), listener.answer_http2("{}")).await?;
    ensure_eq!(response.status(), StatusCode::OK, "the status of the answer");
    ensure_eq!(received.method(), Method::POST, "the method");
    ensure_eq!(received.uri().path(), "/a~b!/auth/token/delegate", "the path");
    for name in expected.keys() {
        let (is, sent) = (values(received.headers(), name.as_str()), values(&expected, name.as_str()));
        ensure!(is == sent, "the header {name} arrived as {}", shown(&is));
    }
    ensure!(*received.body() == body, "the body arrived changed");
    ensure!(response.body().as_bytes() == b"{}", "the body of the answer has changed");
    Ok(())
}

/// The request that arrives when the subject sends the one that `build` makes for a URL.
pub(super) async fn receive(
    subject: &dyn Subject,
    build: impl FnOnce(&str) -> Result<Request<Body>, Failure>,
) -> Result<RawMessage, Failure> {
    let listener = Listener::bind().await;
    let request = build(listener.base_url().as_str())?;
    receive_at(&listener, subject, request).await
}

pub(super) async fn receive_at(
    listener: &Listener,
    subject: &dyn Subject,
    request: Request<Body>,
) -> Result<RawMessage, Failure> {
    let transport = subject.transport(&Settings::default());
    let (_, (received, _)) = answered(transport.send(request), listener.answer(ok("{}"))).await?;
    Ok(received)
}

/// A request as the core makes one: with its length.
fn request(method: Method, url: &str) -> Result<Request<Body>, http::Error> {
    Request::builder().method(method).uri(format!("{url}/")).header("content-length", 0).body(Body::empty())
}

fn with_body(url: &str, body: Vec<u8>) -> Result<Request<Body>, Failure> {
    Ok(Request::post(format!("{url}/")).header("content-length", body.len()).body(body.into())?)
}

fn ensure_headers(received: &RawMessage, sent: &HeaderMap) -> Result<(), Failure> {
    for name in sent.keys() {
        let (is, expected) = (received.values(name.as_str()), values(sent, name.as_str()));
        ensure!(is == expected, "the header {name} arrived as {}, not as {}", shown(&is), shown(&expected));
    }
    Ok(())
}

fn ensure_length(received: &RawMessage, length: &str) -> Result<(), Failure> {
    let (is, line) = (received.values("content-length"), received.line());
    ensure!(is == [length.as_bytes()], "content-length of {line}: {}, not {length}", shown(&is));
    let coding = received.values("transfer-encoding");
    ensure!(coding.is_empty(), "transfer-encoding of {line}: {}", shown(&coding));
    Ok(())
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a [u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes).collect()
}

fn shown(values: &[&[u8]]) -> String {
    let values: Vec<_> = values.iter().map(|value| value.escape_ascii().to_string()).collect();
    format!("{values:?}")
}
