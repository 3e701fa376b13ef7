//! The shared parts of the two token operations: the credential as a body, the envelope as an answer.

use zeroize::Zeroizing;

use super::{EndpointError, ProtocolError};
use crate::{
    body::Body,
    model::{
        ApiCredential, DelegatedAccessToken, DelegatedAccessTokenApiResult,
        DelegatedAccessTokenApiResultValue, JsonContract, read_json,
    },
};

/// The credential as a JSON document. The buffer never grows, so no unzeroed copy of the secret is left
/// behind.
#[allow(clippy::expect_used)] // two strings into a vector
pub(super) fn credential_body(credential: &ApiCredential, contract: JsonContract) -> Body {
    let text =
        credential.client_secret().expose_secret().len() + credential.user_principal_name().as_str().len();
    // JSON escapes a byte of visible ASCII with at most two bytes.
    let mut json = Zeroizing::new(Vec::with_capacity(2 * text + MEMBER_NAMES));
    serde_json::to_writer(&mut *json, &credential.wire(contract)).expect("two strings serialise");
    json.into()
}

const MEMBER_NAMES: usize = r#"{"clientSecret":"","userPrincipalName":""}"#.len();

/// Reads the envelope ([wire protocol, section 11]). It gives out a token only if the service says success.
///
/// [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them
pub(super) fn read_token_result(
    body: &Body,
) -> Result<(DelegatedAccessToken, Option<String>), EndpointError> {
    if body.is_empty() {
        return Err(ProtocolError::EmptyBody.into());
    }
    let result: DelegatedAccessTokenApiResult = read_json(body.as_bytes())?;
    let error_msg = result.error_msg.filter(|text| !text.is_empty());
    // If `isSuccess` is missing, any message means a refusal, with or without a token beside it.
    if !result.is_success.unwrap_or(error_msg.is_none()) {
        return Err(EndpointError::rejected(error_msg));
    }
    let token = result
        .value
        .and_then(DelegatedAccessTokenApiResultValue::into_token)
        .ok_or(ProtocolError::NoAccessToken)?;
    Ok((token, error_msg))
}
