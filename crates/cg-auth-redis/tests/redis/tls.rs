//! TLS with a certificate authority of the test's own.

use cg_auth_redis::{RedisStore, TlsSettings};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use super::{
    entries::{FIRST, claim, text},
    server::{self, PATIENT, Server, write},
};

/// A server that speaks TLS only, and the files of its authority.
struct TlsServer {
    server: Server,
    authority: String,
    client: String,
    _folder: TempDir,
}

impl TlsServer {
    fn start(asks_for_certificate: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, mut params) = (KeyPair::generate().unwrap(), CertificateParams::default());
        params.distinguished_name.push(DnType::CommonName, "the authority of the test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let signed = |names: &[&str]| {
            let key = KeyPair::generate().unwrap();
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        let (certificate, key) = signed(&["localhost"]);
        let (client_certificate, client_key) = signed(&["app"]);
        let file = |name: &str, text: &str| write(&folder.path().join(name), text);
        let server = Server::start(&[
            "--tls-port",
            "{port}",
            "--port",
            "0",
            "--tls-cert-file",
            &file("certificate.pem", &certificate),
            "--tls-key-file",
            &file("key.pem", &key),
            "--tls-ca-cert-file",
            &file("authority.pem", &authority),
            "--tls-auth-clients",
            if asks_for_certificate { "yes" } else { "no" },
            "--requirepass",
            "pass-word",
        ]);
        Self { server, authority, client: client_certificate + &client_key, _folder: folder }
    }

    fn store(&self, host: &str) -> RedisStore {
        let url = format!("rediss://:pass-word@{host}:{}", self.server.port());
        RedisStore::new(url.parse().unwrap()).with_operation_limit(PATIENT)
    }

    fn trusting(&self) -> TlsSettings {
        let mut settings = TlsSettings::default();
        settings.add_root_certificates_pem(self.authority.as_bytes()).unwrap();
        settings
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_of_a_trusted_authority_is_spoken_to() {
    if !server::is_there() {
        return;
    }
    let server = TlsServer::start(false);
    claim(&server.store("localhost").with_tls(server.trusting()), FIRST).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_of_another_name_is_refused() {
    if !server::is_there() {
        return;
    }
    let server = TlsServer::start(false);
    let mut another = TlsSettings::default();
    another.disable_platform_roots();
    let key = KeyPair::generate().unwrap();
    let other = CertificateParams::default().self_signed(&key).unwrap().pem();
    another.add_root_certificates_pem(other.as_bytes()).unwrap();
    let shown = text(claim(&server.store("localhost").with_tls(another), FIRST).await);
    assert!(shown.contains("the TLS handshake failed with the Redis server localhost"), "{shown}");
    assert!(shown.contains("UnknownIssuer"), "{shown}");

    let shown = text(claim(&server.store("127.0.0.1").with_tls(server.trusting()), FIRST).await);
    assert!(shown.contains("not valid for name"), "{shown}");
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_is_shown_one() {
    if !server::is_there() {
        return;
    }
    let server = TlsServer::start(true);
    let mut settings = server.trusting();
    settings.set_client_certificate_pem(server.client.as_bytes()).unwrap();
    claim(&server.store("localhost").with_tls(settings), FIRST).await.unwrap();
    text(claim(&server.store("localhost").with_tls(server.trusting()), FIRST).await);
}

#[tokio::test]
async fn a_plain_server_is_not_spoken_to_over_tls() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let url = format!("rediss://:pass-word@localhost:{}", server.port());
    let store = RedisStore::new(url.parse().unwrap()).with_operation_limit(PATIENT);
    let shown = text(claim(&store, FIRST).await);
    assert!(shown.contains("does it speak TLS on this port?"), "{shown}");
}
