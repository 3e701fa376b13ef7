//! What an error says to the operator, and what it does not show.

use std::error::Error;

use cg_auth_core::{
    BaseUrl, CallError,
    causes::{cause_chain, causes},
    transport::{HttpTransport, TransportError, TransportErrorKind},
};
use cg_auth_tests::{
    authority::Identity,
    listener::{Listener, while_serving},
};
use macro_rules_attribute::apply;

use super::{
    proxies::{base_url, proxied, proxy_to, service},
    subject::{Configurable, Subject, client_over, credential},
};

#[apply(own_transports)]
async fn a_connect_error_names_host_and_port<T: Subject>() {
    let address = Listener::bind().await.address();
    let base_url = BaseUrl::parse(&format!("http://{address}/path")).unwrap();
    let error = failure(T::default(), base_url, async {}).await;
    let expected = format!("cannot reach {address}: connection refused; check ");
    assert!(cause_chain(&error).contains(&expected), "{}", cause_chain(&error));
    assert!(!cause_chain(&error).contains("/path"), "{}", cause_chain(&error));
}

#[apply(own_transports)]
async fn an_error_of_the_proxy_names_the_proxy<T: Configurable>() {
    let (service, unreachable) = (service().await, Listener::bind().await.address());
    let asks_for_login = proxy_to(&service).credentials("user", "password").start().await;
    let refuses = proxy_to(&service).refusing(403).start().await;
    let address = |url: String| url.replace("http://", "");
    for (address, message) in [
        (unreachable.to_string(), "cannot reach the proxy PROXY: connection refused; check the proxy's URL"),
        (
            address(asks_for_login.url()),
            "the proxy PROXY refused the login (407); put user:password into the proxy's URL",
        ),
        (address(refuses.url()), "the proxy PROXY opened no tunnel to service.example:443; check "),
    ] {
        let error = failure(proxied::<T>(&address), base_url(), async {}).await;
        let message = message.replace("PROXY", &address);
        assert!(cause_chain(&error).contains(&message), "{message:?} is not in: {}", cause_chain(&error));
    }
}

/// The error of a call over `transport` while `server` runs.
pub(crate) async fn failure(
    transport: impl HttpTransport + 'static,
    base_url: BaseUrl,
    server: impl Future,
) -> CallError {
    let (client, credential) = (client_over(base_url, transport), credential());
    while_serving(client.get_delegate_access_token(&credential), server).await.unwrap_err()
}

/// Asserts that the error is of this kind, the request was not sent, the message contains `advice`, and no
/// secret is shown.
pub(crate) fn assert_says(error: &CallError, kind: TransportErrorKind, advice: &str) {
    let message = cause_chain(error);
    assert_eq!(error.as_transport().map(TransportError::kind), Some(kind), "{message}");
    assert!(!error.may_have_been_sent(), "{message}");
    assert!(message.contains(advice), "{advice:?} is not in: {message}");
    assert_hides(error, &[credential().client_secret().expose_secret()]);
}

/// Like [`assert_says`], for a certificate that one side refused.
pub(crate) fn assert_refused_certificate(error: &CallError, advice: &str) {
    assert_says(error, TransportErrorKind::Tls, advice);
    assert!(error.as_transport().unwrap().is_refused_certificate(), "{}", cause_chain(error));
}

/// Asserts that neither the messages of an error and its causes nor their `Debug` output contain a secret.
pub(crate) fn assert_hides(error: &(dyn Error + 'static), secrets: &[impl AsRef<str>]) {
    assert_text_hides(&everything_shown(error), secrets);
}

/// Asserts that `text` contains none of the secrets.
pub(crate) fn assert_text_hides(text: &str, secrets: &[impl AsRef<str>]) {
    for secret in secrets {
        let secret = secret.as_ref();
        assert!(!secret.is_empty() && !text.contains(secret), "{secret:?} is in: {text}");
    }
}

/// The messages and the `Debug` output of an error and its causes.
pub(crate) fn everything_shown(error: &(dyn Error + 'static)) -> String {
    causes(error).map(|error| format!("{error} {error:?} {error:#?}\n")).collect()
}

/// The secrets of a private key: each line of its PEM text, and some of its bytes in decimal.
pub(crate) fn secrets_of(identity: &Identity) -> Vec<String> {
    let (pem, bytes) = (identity.key_pem(), identity.key_bytes());
    let lines = pem.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned);
    // The first bytes are the same in every private key.
    let middle = bytes.len() / 2;
    let decimal = format!("{:?}", &bytes[middle..middle + 8]);
    lines.chain([decimal.trim_matches(['[', ']']).to_owned()]).collect()
}
