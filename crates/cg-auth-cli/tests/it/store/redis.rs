//! [`Redis`]: a store on a server that the test starts. How it is trusted.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use assert_cmd::Command;
use cg_auth_core::token::store::TokenStore;
use cg_auth_redis::{RedisStore, RedisUrl, Sealed, TlsSettings};
use cg_auth_tests::redis_server::RedisServer;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use super::{
    issued,
    place::{Place, undisturbed},
};
use crate::harness::{emulator, stderr, stdout};

pub(super) struct Redis {
    pub(super) server: RedisServer,
    url: String,
    tls: Option<Authority>,
}

/// The authority of a server's certificate.
struct Authority {
    folder: TempDir,
    pem: String,
}

impl Redis {
    /// `None` if no server is installed.
    pub(super) fn start() -> Option<Self> {
        let server = RedisServer::start(&[])?;
        Some(Self { url: server.url(), server, tls: None })
    }

    /// With a password, which the URL holds.
    pub(super) fn with_password(password: &str) -> Option<Self> {
        let server = RedisServer::start(&["--requirepass", password])?;
        Some(Self { url: format!("redis://:{password}@127.0.0.1:{}", server.port()), server, tls: None })
    }

    /// With TLS and a password. The certificate is one for `localhost`.
    fn with_tls(password: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (key, mut params) = (KeyPair::generate().unwrap(), CertificateParams::default());
        params.distinguished_name.push(DnType::CommonName, "the authority of the test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let server = RedisServer::start(&[
            "--tls-port",
            "{port}",
            "--port",
            "0",
            "--tls-cert-file",
            &file("certificate.pem", &certificate.pem()),
            "--tls-key-file",
            &file("key.pem", &key.serialize_pem()),
            "--tls-ca-cert-file",
            &file("authority.pem", &pem),
            "--tls-auth-clients",
            "no",
            "--requirepass",
            password,
        ])?;
        let url = format!("rediss://:{password}@localhost:{}", server.port());
        Some(Self { server, url, tls: Some(Authority { folder, pem }) })
    }

    /// The file with the root certificate.
    fn ca_file(&self) -> PathBuf {
        self.tls.as_ref().unwrap().folder.path().join("authority.pem")
    }

    /// The URL as the commands show it.
    pub(super) fn shown(&self) -> String {
        RedisUrl::parse(&self.url).unwrap().to_string()
    }
}

impl Place for Redis {
    fn setting(&self) -> String {
        self.url.clone()
    }

    fn store(&self) -> Arc<dyn TokenStore> {
        let mut tls = TlsSettings::default();
        if let Some(authority) = &self.tls {
            tls.add_root_certificates_pem(authority.pem.as_bytes()).unwrap();
        }
        let store = RedisStore::new(RedisUrl::parse(&self.url).unwrap()).with_tls(tls);
        Arc::new(Sealed::new(store.with_operation_limit(Duration::from_secs(20))))
    }

    fn prepare(&self, command: &mut Command) {
        if self.tls.is_some() {
            command.env("CG_AUTH_CA_FILE", self.ca_file());
        }
    }
}

#[test]
fn a_server_with_tls_is_trusted_by_the_ca_file_or_by_the_platform() {
    undisturbed(|| {
        let Some(redis) = Redis::with_tls("canary") else { return };
        let emulator = emulator();
        let first = redis.token(&emulator, &[]);
        let mut command = redis.command(&emulator, &["token"]);
        command.env_remove("CG_AUTH_CA_FILE").env("SSL_CERT_FILE", redis.ca_file());
        let output = command.output().unwrap();
        assert_eq!((stdout(&output).trim_end(), stderr(&output)), (first.as_str(), String::new()));
        assert_eq!(issued(&emulator), 1);
        assert!(redis.inspect(&emulator).token.is_some());
    });
}

#[test]
fn a_certificate_that_is_not_trusted_or_of_another_name_costs_a_warning_and_nothing_is_shared() {
    let Some(redis) = Redis::with_tls("canary") else { return };
    let emulator = emulator();
    let other_name = redis.setting().replace("localhost", "127.0.0.1");
    for (url, has_root, problem) in
        [(redis.setting(), false, "UnknownIssuer"), (other_name, true, "not valid for name")]
    {
        let mut command = redis.command(&emulator, &["token"]);
        command.env("CG_AUTH_STORE", &url);
        if !has_root {
            command.env_remove("CG_AUTH_CA_FILE");
        }
        let output = command.output().unwrap();
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(stdout(&output).starts_with("eyJ"), "{shown}");
        assert!(shown.starts_with("warning: cannot share the token: "), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");

        let mut command = redis.command(&emulator, &["store", "show"]);
        command.env("CG_AUTH_STORE", &url);
        if !has_root {
            command.env_remove("CG_AUTH_CA_FILE");
        }
        let output = command.output().unwrap();
        let shown = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output)), (Some(5), String::new()), "{shown}");
        assert!(shown.contains("the TLS handshake failed with the Redis server"), "{shown}");
        assert!(shown.contains(problem) && !shown.contains("canary"), "{shown}");
    }
    assert!(redis.inspect(&emulator).token.is_none());
}
