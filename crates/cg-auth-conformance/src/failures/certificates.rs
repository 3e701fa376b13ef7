//! A certificate that one side refuses, in TLS 1.3 and in TLS 1.2.

use crate::{
    exchange::{answered, delegation, ensure_left_alone, exchange},
    failure::Failure,
    row::Row,
    servers::{
        authority::Authority,
        listener::{Listener, TOKEN, ok},
        tls::TlsServer,
    },
    settings::Settings,
    subject::Subject,
};

/// Another authority has signed the certificate.
pub async fn certificate_of_an_unknown_issuer(subject: &dyn Subject) -> Result<(), Failure> {
    let another = Authority::new();
    meet(subject, "certificate of an unknown issuer", TlsServer::new, Some(&another)).await
}

/// The certificate is for another host.
pub async fn certificate_of_another_host(subject: &dyn Subject) -> Result<(), Failure> {
    let server = || TlsServer::new().name("service.example");
    meet(subject, "certificate of another host", server, None).await
}

/// The certificate expired yesterday.
pub async fn certificate_that_has_expired(subject: &dyn Subject) -> Result<(), Failure> {
    meet(subject, "certificate that has expired", || TlsServer::new().expired(), None).await
}

/// The certificate is valid from tomorrow on.
pub async fn certificate_that_is_not_yet_valid(subject: &dyn Subject) -> Result<(), Failure> {
    meet(subject, "certificate that is not yet valid", || TlsServer::new().not_yet_valid(), None).await
}

/// The server demands a client certificate, and the transport has none. In TLS 1.3 it sees the refusal after
/// its handshake. With the certificate the call is answered.
pub async fn client_certificate_missing(subject: &dyn Subject) -> Result<(), Failure> {
    let server = || TlsServer::new().demanding_client_certificate();
    for (server, version) in [(server(), "TLS 1.3"), (server().tls12_only(), "TLS 1.2")] {
        let listener = Listener::bind_tls_with(server).await;
        let settings = Settings {
            root_certificates: listener.ca_pem().map(str::to_owned),
            client_certificate: listener.authority().map(|authority| authority.client().pem()),
            ..Settings::default()
        };
        let transport = subject.transport(&settings);
        let call = answered(transport.send(delegation(&listener.base_url())?), listener.answer(ok(TOKEN)));
        call.await.map_err(|failure| failure.when(format!("{version}, with the certificate")))?;
    }
    meet(subject, "client certificate missing", server, None).await
}

/// The transport trusts `trusted`, or else the authority of the server.
async fn meet(
    subject: &dyn Subject,
    failure: &str,
    server: impl Fn() -> TlsServer,
    trusted: Option<&Authority>,
) -> Result<(), Failure> {
    for (server, version) in [(server(), "TLS 1.3"), (server().tls12_only(), "TLS 1.2")] {
        let listener = Listener::bind_tls_with(server).await;
        let pem = trusted.map(Authority::pem).or(listener.ca_pem()).map(str::to_owned);
        let transport = subject.transport(&Settings { root_certificates: pem, ..Settings::default() });
        let call = transport.send(delegation(&listener.base_url())?);
        let (sent, ()) = exchange(call, listener.end_of_handshake()).await?;
        let checked = Row::of(failure)?.check(subject, sent);
        checked.map_err(|failure| failure.when(version))?;
        ensure_left_alone(&listener, "after a refused certificate, the server").await?;
    }
    Ok(())
}
