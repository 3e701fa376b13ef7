//! The headers of the service, and the one function that writes a credential into them.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_ENCODING};
use zeroize::Zeroizing;

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
    headers.insert(CLIENT_SECRET, sensitive(credential.client_secret().expose_secret()));
    headers.insert(USER_PRINCIPAL_NAME, sensitive(credential.user_principal_name().as_str()));
}

/// A header value that `Debug` redacts and HPACK does not index, and whose memory is zeroed when the last
/// clone is dropped.
#[allow(clippy::expect_used)] // callers pass text whose type guarantees visible ASCII
pub(super) fn sensitive(visible_ascii: &str) -> HeaderValue {
    let bytes: Zeroizing<Box<[u8]>> = Zeroizing::new(visible_ascii.as_bytes().into());
    let mut value =
        HeaderValue::from_maybe_shared(Bytes::from_owner(bytes)).expect("visible ASCII is a header value");
    value.set_sensitive(true);
    value
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
