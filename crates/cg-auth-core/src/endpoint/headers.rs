//! The headers of the service, and the one function that writes a credential into them.

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_ENCODING};

use crate::model::ApiCredential;

/// The header with the client secret. Header names ignore case.
pub(super) const CLIENT_SECRET: HeaderName = HeaderName::from_static("clientsecret");
/// The header with the delegated user.
pub(super) const USER_PRINCIPAL_NAME: HeaderName = HeaderName::from_static("userprincipalname");
/// The header with the refresh token. Some proxies drop it because of its underscore.
pub(super) const REFRESH_TOKEN: HeaderName = HeaderName::from_static("refresh_token");
/// The header that selects a JSON contract.
pub(super) const JSON_CONTRACT: HeaderName = HeaderName::from_static("x-cloud-governance-jsoncontract");

/// Writes the credential into headers. This is the only place that does so, and it runs last, so nothing
/// overrides it.
pub(super) fn add_credential(credential: &ApiCredential, headers: &mut HeaderMap) {
    headers.insert(CLIENT_SECRET, credential.client_secret().header().clone());
    headers.insert(USER_PRINCIPAL_NAME, credential.user_principal_name().header().clone());
}

/// A number as a header value. `HeaderValue::from` allocates a second time.
#[allow(clippy::expect_used)] // digits
pub(super) fn decimal(mut number: usize) -> HeaderValue {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return HeaderValue::from_bytes(&digits[at..]).expect("digits are a header value");
        }
    }
}

/// Whether the body is compressed or otherwise encoded, although no request offers that
/// ([wire protocol, section 11]).
///
/// [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them
pub(super) fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|value| !value.is_empty() && !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
