//! What a failure tells its operator, and what it keeps to itself.

use std::{error::Error, iter::successors};

use cg_auth_core::{
    BaseUrl,
    transport::{HttpTransport, TransportError, TransportErrorKind},
};
use cg_auth_tests::{authority::Identity, listener::while_serving};

use super::subject::{client_over, credential};

/// How a call over `transport` fails, while `server` plays its part.
pub(crate) async fn failure(
    transport: impl HttpTransport + 'static,
    base_url: BaseUrl,
    server: impl Future,
) -> cg_auth_core::CallError {
    let (client, credential) = (client_over(base_url, transport), credential());
    while_serving(client.get_delegate_access_token(&credential), server).await.unwrap_err()
}

/// The failure is of that kind, came before the request left, and advises in these words; it gives nothing
/// away.
pub(crate) fn assert_told(error: &cg_auth_core::CallError, kind: TransportErrorKind, advice: &str) {
    let said = words(error);
    assert_eq!(error.as_transport().map(TransportError::kind), Some(kind), "{said}");
    assert!(!error.may_have_been_sent(), "{said}");
    assert!(said.contains(advice), "{advice:?} is not in: {said}");
    assert_keeps(error, &[credential().client_secret().expose_secret()]);
}

/// The same, and one side has refused the other's certificate.
pub(crate) fn assert_refused_certificate(error: &cg_auth_core::CallError, advice: &str) {
    assert_told(error, TransportErrorKind::Tls, advice);
    assert!(error.as_transport().unwrap().is_refused_certificate(), "{}", words(error));
}

/// Neither the words of an error nor what a debugger shows of it hold a secret.
pub(crate) fn assert_keeps(error: &(dyn Error + 'static), secrets: &[impl AsRef<str>]) {
    let shown = causes(error).map(|error| format!("{error} {error:?} {error:#?}\n")).collect::<String>();
    assert_hides(&shown, secrets);
}

/// None of the secrets is in `shown`.
pub(crate) fn assert_hides(shown: &str, secrets: &[impl AsRef<str>]) {
    for secret in secrets {
        let secret = secret.as_ref();
        assert!(!secret.is_empty() && !shown.contains(secret), "{secret:?} is in: {shown}");
    }
}

/// What must not be seen of a private key: any line of its text, and its bytes in decimal.
pub(crate) fn secrets_of(identity: &Identity) -> Vec<String> {
    let (pem, bytes) = (identity.key_pem(), identity.key_bytes());
    let lines = pem.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned);
    // What comes first in every private key is the same, and no secret.
    let middle = bytes.len() / 2;
    let decimal = format!("{:?}", &bytes[middle..middle + 8]);
    lines.chain([decimal.trim_matches(['[', ']']).to_owned()]).collect()
}

/// The whole chain, in the words of each.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}
