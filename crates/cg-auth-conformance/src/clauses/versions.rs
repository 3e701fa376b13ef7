//! Rule 12: the transport speaks HTTP/1.1, and HTTP/2 where both sides have it.

use http::{StatusCode, Version};

use crate::{
    exchange::{answered, delegation},
    failure::{Failure, ensure_eq},
    servers::{
        listener::{Listener, TOKEN, ok},
        tls::TlsServer,
    },
    settings::Settings,
    subject::Subject,
};

/// Over TLS, HTTP/1.1 is used if the server has no HTTP/2, whether it answers the client's offer or ignores it.
pub async fn http1_is_used_over_tls_if_the_server_has_no_http2(subject: &dyn Subject) -> Result<(), Failure> {
    for alpn in [&[HTTP1], [].as_slice()] {
        for server in [TlsServer::new().alpn(alpn), TlsServer::new().alpn(alpn).tls12_only()] {
            let listener = Listener::bind_tls_with(server).await;
            let root_certificates = listener.ca_pem().map(str::to_owned);
            let transport = subject.transport(&Settings { root_certificates, ..Settings::default() });
            let call = transport.send(delegation(&listener.base_url())?);
            let (response, (request, _)) = answered(call, listener.answer(ok(TOKEN))).await?;
            ensure_eq!(request.line(), "POST /auth/token/delegate HTTP/1.1", "the request line");
            let is = (response.status(), response.version());
            ensure_eq!(is, (StatusCode::OK, Version::HTTP_11), "status and version");
        }
    }
    Ok(())
}

/// Over TLS, HTTP/2 is used if the server offers it.
pub async fn http2_is_negotiated_over_tls(subject: &dyn Subject) -> Result<(), Failure> {
    for alpn in [[H2, HTTP1].as_slice(), &[H2]] {
        let listener = Listener::bind_tls_with(TlsServer::new().alpn(alpn)).await;
        let root_certificates = listener.ca_pem().map(str::to_owned);
        ensure_http2(subject, &listener, Settings { root_certificates, ..Settings::default() }).await?;
    }
    Ok(())
}

/// With prior knowledge HTTP/2 is used without TLS.
pub async fn http2_is_used_with_prior_knowledge(subject: &dyn Subject) -> Result<(), Failure> {
    let prior = Settings { http2_prior_knowledge: true, ..Settings::default() };
    ensure_http2(subject, &Listener::bind().await, prior).await
}

const H2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

async fn ensure_http2(subject: &dyn Subject, listener: &Listener, settings: Settings) -> Result<(), Failure> {
    let transport = subject.transport(&settings);
    let call = transport.send(delegation(&listener.base_url())?);
    let (response, request) = answered(call, listener.answer_http2(TOKEN)).await?;
    ensure_eq!(request.version(), Version::HTTP_2, "the version of the request");
    let is = (response.status(), response.version());
    ensure_eq!(is, (StatusCode::OK, Version::HTTP_2), "status and version of the answer");
    Ok(())
}
