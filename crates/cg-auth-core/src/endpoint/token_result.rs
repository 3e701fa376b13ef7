//! The shared parts of the two token operations: the credential as a body, the envelope as an answer.

use zeroize::Zeroizing;

use super::{EndpointError, ProtocolError};
use crate::{
    body::Body,
    model::{
        ApiCredential, DelegatedAccessToken, DelegatedAccessTokenApiResultValue, Envelope, JsonContract,
        read_json,
    },
};

/// The credential as the JSON document of [`ApiCredential::wire`].
///
/// The buffer never grows, so no unzeroed copy of the secret is left behind.
pub(super) fn credential_body(credential: &ApiCredential, contract: JsonContract) -> Body {
    let (secret, user) =
        (credential.client_secret().expose_secret(), credential.user_principal_name().as_str());
    let [before, between] = match contract {
        JsonContract::CamelCase => [r#"{"clientSecret":""#, r#"","userPrincipalName":""#],
        JsonContract::PascalCase => [r#"{"ClientSecret":""#, r#"","UserPrincipalName":""#],
    };
    let escaped = 2 * (secret.len() + user.len());
    let mut json = Zeroizing::new(Vec::with_capacity(before.len() + between.len() + AFTER.len() + escaped));
    json.extend_from_slice(before.as_bytes());
    push_escaped(secret, &mut json);
    json.extend_from_slice(between.as_bytes());
    push_escaped(user, &mut json);
    json.extend_from_slice(AFTER.as_bytes());
    json.into()
}

const AFTER: &str = r#""}"#;

/// Appends visible ASCII, of which JSON escapes two characters, each with one more byte.
fn push_escaped(visible_ascii: &str, json: &mut Vec<u8>) {
    let mut rest = visible_ascii.as_bytes();
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        json.extend_from_slice(&rest[..at]);
        json.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    json.extend_from_slice(rest);
}

/// Reads the envelope ([wire protocol, section 11]). It gives out a token only if the service says success.
///
/// [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them
pub(super) fn read_token_result(
    body: &Body,
) -> Result<(DelegatedAccessToken, Option<String>), EndpointError> {
    if body.is_empty() {
        return Err(ProtocolError::EmptyBody.into());
    }
    let result: Envelope = read_json(body.as_bytes())?;
    let error_msg = result.error_msg.filter(|text| !text.is_empty());
    // The caller zeroes it.
    let taken = |text: Option<Zeroizing<String>>| text.map(|mut text| std::mem::take(&mut *text));
    // If `isSuccess` is missing, any message means a refusal, with or without a token beside it.
    if !result.is_success.unwrap_or(error_msg.is_none()) {
        return Err(EndpointError::rejected(taken(error_msg)));
    }
    let token = result
        .value
        .and_then(DelegatedAccessTokenApiResultValue::into_token)
        .ok_or(ProtocolError::NoAccessToken)?;
    Ok((token, taken(error_msg)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClientSecret, UserPrincipalName};

    #[test]
    fn the_body_is_the_document_that_the_wire_view_writes() {
        let visible: String = ('!'..='~').collect();
        for (secret, user) in [("s", "u"), (r#""\""#, r"a\\b"), (&visible, &visible)] {
            let user = UserPrincipalName::new(user).unwrap();
            let credential = ApiCredential::new(ClientSecret::new(secret).unwrap(), user);
            for contract in JsonContract::ALL {
                let body = credential_body(&credential, *contract);
                let expected = serde_json::to_vec(&credential.wire(*contract)).unwrap();
                assert_eq!(body.as_bytes(), expected, "{secret} {contract:?}");
            }
        }
    }
}
