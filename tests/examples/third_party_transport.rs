//! The core over a transport of a third party: an `HttpTransport` in under 100 lines, with TLS and HTTP/2. The
//! suite of `cg-auth-conformance` says that it is right: the contract of transports and the table of failures.
//! `--json` shows its report.

#![allow(clippy::print_stdout, clippy::expect_used)] // a program that shows something

use std::{error::Error, sync::Arc};

use cg_auth_conformance::{Capabilities, Capability, Settings, Status, Subject, Suite};
use cg_auth_core::{AuthClient, transport::HttpTransport};
use cg_auth_emulator::Emulator;
use cg_auth_tests::one_connection_each::OneConnectionEach;
use tokio_rustls::rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().tls().start().await?;
    let transport = OneConnectionEach::new(roots(emulator.ca_pem()))?;
    let client = AuthClient::new(emulator.base_url().clone(), transport);
    let credential = emulator.credential();

    let token = client.get_delegate_access_token(credential).await?.value;
    println!("a token of duration {}", token.duration());
    let refresh_token = token.refresh_token().ok_or("no refresh token")?;
    let refreshed = client.refresh_user_access_token(credential, refresh_token).await?.value;
    assert_ne!(refreshed.access_token(), token.access_token());
    println!("refreshed");
    client.delete_token_cache(credential).await?;
    println!("cache cleared, all of it over a transport of {} lines", lines_of_the_transport());
    assert!(lines_of_the_transport() < 100);

    let report = tokio::task::spawn_blocking(|| Suite::new(ThirdParty).report()).await?;
    assert!(report.passed, "{}", report.to_json());
    let [passed, inapplicable] = [Status::Passed, Status::NotApplicable].map(|status| report.count(status));
    println!("it passes {passed} cases of the suite; {inapplicable} do not apply");
    if std::env::args().any(|argument| argument == "--json") {
        println!("{}", report.to_json());
    }
    Ok(())
}

struct ThirdParty;

impl Subject for ThirdParty {
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        let transport = OneConnectionEach::new(roots(settings.root_certificates.as_deref()));
        Arc::new(OneConnectionEach {
            connect_timeout: settings.connect_timeout,
            body_limit: settings.body_limit,
            http2_prior_knowledge: settings.http2_prior_knowledge,
            ..transport.expect("TLS")
        })
    }

    fn capabilities(&self) -> Capabilities {
        [Capability::Tls, Capability::Http2, Capability::StreamEnd, Capability::ConnectTimeout].into()
    }
}

fn roots(pem: Option<&str>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = pem {
        let root = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
        roots.add(root).expect("a root certificate");
    }
    roots
}

/// Lines of code, without imports, comments and blank lines.
fn lines_of_the_transport() -> usize {
    let source = include_str!("../src/one_connection_each.rs");
    let code = source.lines().skip_while(|line| !line.starts_with("#[derive")).map(str::trim);
    code.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}
