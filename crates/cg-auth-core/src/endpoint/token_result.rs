//! What the two token operations share: the credential as a body, the envelope as an answer.

use zeroize::Zeroizing;

use super::{EndpointError, ProtocolError, redaction::Redaction};
use crate::{
    body::Body,
    model::{
        AccessToken, ApiCredential, DelegatedAccessToken, DelegatedAccessTokenApiResult,
        DelegatedAccessTokenApiResultValue, JsonContract, RefreshToken, read_json,
    },
};

/// The credential as a JSON document, in memory that is zeroed and was never moved.
#[allow(clippy::expect_used)] // two strings into a vector
pub(super) fn credential_body(credential: &ApiCredential, contract: JsonContract) -> Body {
    let text =
        credential.client_secret().expose_secret().len() + credential.user_principal_name().as_str().len();
    // Visible ASCII grows to two bytes at most when it is escaped.
    let mut json = Zeroizing::new(Vec::with_capacity(2 * text + MEMBER_NAMES));
    serde_json::to_writer(&mut *json, &credential.wire(contract)).expect("two strings serialise");
    json.into()
}

const MEMBER_NAMES: usize = r#"{"clientSecret":"","userPrincipalName":""}"#.len();

/// Judges the envelope (SPEC section 11): no token leaves here unless the service says success.
pub(super) fn read_token_result(
    body: &Body,
) -> Result<(DelegatedAccessToken, Option<String>), EndpointError> {
    if body.is_empty() {
        return Err(ProtocolError::EmptyBody.into());
    }
    let result: DelegatedAccessTokenApiResult = read_json(body.as_bytes())?;
    let value = result.value.unwrap_or_default();
    let error_msg = result.error_msg.filter(|text| !text.is_empty());
    let error_msg = error_msg.map(|text| without_tokens(&text, &value));
    // Where `isSuccess` is missing, a message without a token is a refusal, and both together is one too.
    if !result.is_success.unwrap_or(error_msg.is_none()) {
        return Err(EndpointError::rejected(error_msg));
    }
    let token = value.try_into().map_err(|_| ProtocolError::NoAccessToken)?;
    Ok((token, error_msg))
}

/// A message that may name the tokens it came with.
fn without_tokens(message: &str, value: &DelegatedAccessTokenApiResultValue) -> String {
    let tokens = [
        value.access_token.as_ref().map(AccessToken::expose_secret),
        value.refresh_token.as_ref().map(RefreshToken::expose_secret),
    ];
    Redaction::of(tokens.into_iter().flatten().map(str::as_bytes)).apply_to_line(message)
}
