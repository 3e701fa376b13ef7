//! Which certificates each side accepts, and the message for one that it refuses.

use std::sync::Arc;

use cg_auth_core::{Recovery, causes::cause_chain, transport::HttpTransport};
use cg_auth_tests::{
    authority::Authority,
    listener::{Listener, TOKEN, ok},
    tls::TlsServer,
};
use cg_auth_transport_util::TransportSettings;
use macro_rules_attribute::apply;

use super::{
    environment::run_in_environment,
    messages::{assert_hides, assert_refused_certificate, assert_text_hides, failure, secrets_of},
    subject::{Configurable, client_over, credential},
};

#[apply(own_transports)]
async fn a_private_authority_is_trusted_if_it_is_configured<T: Configurable>() {
    for server in both_versions(TlsServer::new) {
        let listener = Listener::bind_tls_with(server).await;
        assert_answered(T::trusting(listener.ca_pem().unwrap()), &listener).await;
        let unknown = failure(with_defaults::<T>(), listener.base_url(), listener.accept_in_vain()).await;
        assert_refused_certificate(&unknown, "root certificate");
        let expected = format!("the certificate of {} is not trusted: unknown issuer", listener.address());
        assert!(cause_chain(&unknown).contains(&expected), "{}", cause_chain(&unknown));
        assert_eq!(unknown.recovery(), Recovery::FixConfiguration);
    }
}

#[apply(own_transports)]
async fn many_authorities_are_trusted_together<T: Configurable>() {
    let (one, another) = (Listener::bind_tls().await, Listener::bind_tls().await);
    let (first, second) = (one.ca_pem().unwrap(), another.ca_pem().unwrap());
    let bundle = format!("# one\n{first}\n# another\n{second}");
    for transport in [
        T::trusting(&bundle),
        TransportSettings::new()
            .extra_root_certificates_pem(first.as_bytes())
            .and_then(|settings| settings.extra_root_certificates_pem(second.as_bytes()))
            .map(T::with_settings)
            .unwrap(),
        TransportSettings::new()
            .only_root_certificates_pem(first.as_bytes())
            .and_then(|settings| settings.extra_root_certificates_pem(second.as_bytes()))
            .map(T::with_settings)
            .unwrap(),
    ] {
        let transport = Arc::new(transport);
        assert_answered(transport.clone(), &one).await;
        assert_answered(transport, &another).await;
    }
}

/// On Linux a file holds the platform's authorities. Elsewhere the test has no platform authority to try.
#[apply(own_transports)]
async fn only_the_given_authorities_are_trusted<T: Configurable>() {
    const FILE: &str = "SSL_CERT_FILE";
    const MARK: &str = "CG_AUTH_TESTS_PLATFORM";
    if std::env::var_os(MARK).is_none() {
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join("platform.pem");
        let variables = [(MARK, "1"), (FILE, file.to_str().unwrap()), ("SSL_CERT_DIR", "/nonexistent")];
        let test = "only_the_given_authorities_are_trusted";
        return run_in_environment::<T>(module_path!(), test, &variables).await;
    }
    let (platforms, ours) = (Listener::bind_tls().await, Listener::bind_tls().await);
    if cfg!(target_os = "linux") {
        std::fs::write(std::env::var_os(FILE).unwrap(), platforms.ca_pem().unwrap()).unwrap();
        assert_answered(with_defaults::<T>(), &platforms).await;
        let both = Arc::new(T::trusting(ours.ca_pem().unwrap()));
        assert_answered(both.clone(), &platforms).await;
        assert_answered(both, &ours).await;
    }
    let only_ours = || {
        let pem = ours.ca_pem().unwrap().as_bytes();
        T::with_settings(TransportSettings::new().only_root_certificates_pem(pem).unwrap())
    };
    assert_answered(only_ours(), &ours).await;
    let error = failure(only_ours(), platforms.base_url(), platforms.accept_in_vain()).await;
    assert_refused_certificate(&error, "root certificate");
}

/// The new authority has another key, as after a second run of the script that creates it.
#[apply(own_transports)]
async fn an_authority_recreated_under_its_old_name_is_not_trusted<T: Configurable>() {
    let listener =
        Listener::bind_tls_with(TlsServer::new().signed_by(Authority::named("private authority"))).await;
    let transport = T::trusting(Authority::named("private authority").pem());
    let error = failure(transport, listener.base_url(), listener.accept_in_vain()).await;
    assert_refused_certificate(&error, "root certificate");
}

/// The error of rustls lists all names, including their control characters.
#[apply(own_transports)]
async fn the_names_in_a_certificate_are_cut_and_escaped_in_messages<T: Configurable>() {
    let mut names = vec!["\u{1b}[31mservice.example".to_owned()];
    names.extend((0..400).map(|number| format!("{number}.{}.example", "x".repeat(60))));
    let listener = Listener::bind_tls_with(TlsServer::new().names(names)).await;
    let transport = T::trusting(listener.ca_pem().unwrap());
    let error = failure(transport, listener.base_url(), listener.accept_in_vain()).await;
    assert_refused_certificate(&error, "another host");
    let (message, shown) = (cause_chain(&error), format!("{error:?}"));
    assert!(message.contains("xxx"), "the beginning is shown: {message}");
    assert!(message.len() < 2000 && shown.len() < 4000, "{message} {shown}");
    assert!(!message.chars().any(char::is_control), "{message:?}");
}

#[apply(own_transports)]
async fn a_client_certificate_is_presented<T: Configurable>() {
    for server in both_versions(|| TlsServer::new().demanding_client_certificate()) {
        let listener = Listener::bind_tls_with(server).await;
        let identity = listener.authority().unwrap().client();
        let key_first = identity.key_pem() + &identity.certificate_pem();
        for pem in [identity.pem(), key_first] {
            let settings = TransportSettings::new()
                .extra_root_certificates_pem(listener.ca_pem().unwrap().as_bytes())
                .and_then(|settings| settings.client_certificate_pem(pem.as_bytes()))
                .unwrap();
            let settings_shown = format!("{settings:?} {settings:#?}");
            let transport = T::with_settings(settings);
            let shown = format!("{settings_shown} {transport:?} {transport:#?}");
            assert_text_hides(&shown, &secrets_of(&identity));
            assert_answered(transport, &listener).await;
        }
    }
}

#[apply(own_transports)]
async fn a_client_certificate_of_another_authority_is_refused<T: Configurable>() {
    for server in both_versions(|| TlsServer::new().demanding_client_certificate()) {
        let listener = Listener::bind_tls_with(server).await;
        let identity = Authority::new().client();
        let transport = TransportSettings::new()
            .extra_root_certificates_pem(listener.ca_pem().unwrap().as_bytes())
            .and_then(|settings| settings.client_certificate_pem(identity.pem().as_bytes()))
            .map(T::with_settings)
            .unwrap();
        let error = failure(transport, listener.base_url(), listener.accept_in_vain()).await;
        assert_refused_certificate(&error, "client certificate");
        assert_hides(&error, &secrets_of(&identity));
    }
}

/// The server with TLS 1.3, and limited to TLS 1.2.
fn both_versions(server: impl Fn() -> TlsServer) -> [TlsServer; 2] {
    [server(), server().tls12_only()]
}

/// A transport that trusts the platform's root certificates alone.
fn with_defaults<T: Configurable>() -> T {
    T::with_settings(TransportSettings::new())
}

async fn assert_answered(transport: impl HttpTransport + 'static, listener: &Listener) {
    let (client, credential) = (client_over(listener.base_url(), transport), credential());
    let (answer, _) = tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    answer.unwrap();
}
