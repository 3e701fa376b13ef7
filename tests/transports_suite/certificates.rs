//! Whose certificate is accepted, by either side, and what is said of one that is not.

use std::sync::Arc;

use cg_auth_core::{Recovery, transport::HttpTransport};
use cg_auth_tests::{
    authority::Authority,
    listener::{Listener, TOKEN, ok},
    tls::TlsServer,
};
use cg_auth_transport_util::TransportBuilder;

use super::{
    environment::run_in_environment,
    subject::{Configurable, client_over, credential},
    told::{assert_hides, assert_keeps, assert_refused_certificate, failure, secrets_of, words},
};

pub(crate) async fn a_private_authority_is_trusted_when_it_is_named<T: Configurable>() {
    for server in both_versions(TlsServer::new) {
        let listener = Listener::bind_tls_with(server).await;
        assert_answered(T::trusting(listener.ca_pem().unwrap()), &listener).await;
        let unknown = failure(T::default(), listener.base_url(), listener.accept_in_vain()).await;
        assert_refused_certificate(&unknown, "root certificate");
        assert_eq!(unknown.recovery(), Recovery::FixConfiguration);
    }
}

pub(crate) async fn many_authorities_are_trusted_together<T: Configurable>() {
    let (one, another) = (Listener::bind_tls().await, Listener::bind_tls().await);
    let (first, second) = (one.ca_pem().unwrap(), another.ca_pem().unwrap());
    let bundle = format!("# one\n{first}\n# another\n{second}");
    for transport in [
        T::trusting(&bundle),
        T::builder()
            .extra_root_certificates_pem(first.as_bytes())
            .and_then(|builder| builder.extra_root_certificates_pem(second.as_bytes()))
            .and_then(TransportBuilder::build)
            .unwrap(),
        T::builder()
            .only_root_certificates_pem(first.as_bytes())
            .and_then(|builder| builder.extra_root_certificates_pem(second.as_bytes()))
            .and_then(TransportBuilder::build)
            .unwrap(),
    ] {
        let transport = Arc::new(transport);
        assert_answered(transport.clone(), &one).await;
        assert_answered(transport, &another).await;
    }
}

/// The platform's authorities come from a file where that is the platform's way; elsewhere one private
/// authority is told from another.
pub(crate) async fn only_the_given_authorities_are_trusted<T: Configurable>() {
    const FILE: &str = "SSL_CERT_FILE";
    const MARK: &str = "CG_AUTH_TESTS_PLATFORM";
    if std::env::var_os(MARK).is_none() {
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join("platform.pem");
        let variables = [(MARK, "1"), (FILE, file.to_str().unwrap()), ("SSL_CERT_DIR", "/nonexistent")];
        return run_in_environment::<T>("only_the_given_authorities_are_trusted", &variables).await;
    }
    let (platforms, ours) = (Listener::bind_tls().await, Listener::bind_tls().await);
    if cfg!(target_os = "linux") {
        std::fs::write(std::env::var_os(FILE).unwrap(), platforms.ca_pem().unwrap()).unwrap();
        assert_answered(T::default(), &platforms).await;
        let both = Arc::new(T::trusting(ours.ca_pem().unwrap()));
        assert_answered(both.clone(), &platforms).await;
        assert_answered(both, &ours).await;
    }
    let only_ours = || {
        let builder = T::builder().only_root_certificates_pem(ours.ca_pem().unwrap().as_bytes()).unwrap();
        builder.build().unwrap()
    };
    assert_answered(only_ours(), &ours).await;
    let error = failure(only_ours(), platforms.base_url(), platforms.accept_in_vain()).await;
    assert_refused_certificate(&error, "root certificate");
}

/// As when somebody runs the script that makes it a second time.
pub(crate) async fn an_authority_made_anew_under_its_old_name_is_unknown<T: Configurable>() {
    let listener =
        Listener::bind_tls_with(TlsServer::new().signed_by(Authority::named("private authority"))).await;
    let transport = T::trusting(Authority::named("private authority").pem());
    let error = failure(transport, listener.base_url(), listener.accept_in_vain()).await;
    assert_refused_certificate(&error, "root certificate");
}

/// rustls lists them all, and puts control characters into a terminal.
pub(crate) async fn the_names_in_a_certificate_flood_no_error<T: Configurable>() {
    let mut names = vec!["\u{1b}[31mservice.example".to_owned()];
    names.extend((0..400).map(|number| format!("{number}.{}.example", "x".repeat(60))));
    let listener = Listener::bind_tls_with(TlsServer::new().names(names)).await;
    let transport = T::trusting(listener.ca_pem().unwrap());
    let error = failure(transport, listener.base_url(), listener.accept_in_vain()).await;
    assert_refused_certificate(&error, "another host");
    let (said, shown) = (words(&error), format!("{error:?}"));
    assert!(said.contains("xxx"), "the beginning is told: {said}");
    assert!(said.len() < 2000 && shown.len() < 4000, "{said} {shown}");
    assert!(!said.chars().any(char::is_control), "{said:?}");
}

pub(crate) async fn a_client_certificate_is_shown<T: Configurable>() {
    for server in both_versions(|| TlsServer::new().demanding_client_certificate()) {
        let listener = Listener::bind_tls_with(server).await;
        let identity = listener.authority().unwrap().client();
        let key_first = identity.key_pem() + &identity.certificate_pem();
        for pem in [identity.pem(), key_first] {
            let builder =
                T::builder().extra_root_certificates_pem(listener.ca_pem().unwrap().as_bytes()).unwrap();
            let builder = builder.client_certificate_pem(pem.as_bytes()).unwrap();
            let builder_shown = format!("{builder:?} {builder:#?}");
            let transport = builder.build().unwrap();
            let shown = format!("{builder_shown} {transport:?} {transport:#?}");
            assert_hides(&shown, &secrets_of(&identity));
            assert_answered(transport, &listener).await;
        }
    }
}

pub(crate) async fn a_client_certificate_of_another_authority_is_refused<T: Configurable>() {
    for server in both_versions(|| TlsServer::new().demanding_client_certificate()) {
        let listener = Listener::bind_tls_with(server).await;
        let identity = Authority::new().client();
        let transport = T::builder()
            .extra_root_certificates_pem(listener.ca_pem().unwrap().as_bytes())
            .and_then(|builder| builder.client_certificate_pem(identity.pem().as_bytes()))
            .and_then(TransportBuilder::build)
            .unwrap();
        let error = failure(transport, listener.base_url(), listener.accept_in_vain()).await;
        assert_refused_certificate(&error, "client certificate");
        assert_keeps(&error, &secrets_of(&identity));
    }
}

/// In TLS 1.3 and in TLS 1.2.
fn both_versions(server: impl Fn() -> TlsServer) -> [TlsServer; 2] {
    [server(), server().tls12_only()]
}

async fn assert_answered(transport: impl HttpTransport + 'static, listener: &Listener) {
    let (client, credential) = (client_over(listener.base_url(), transport), credential());
    let (answer, _) = tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    answer.unwrap();
}
