//! The envelope and the token in it, from JSON and to JSON in both contracts.

use cg_auth_core::{
    endpoint::{Endpoint, EndpointError},
    model::{
        DelegatedAccessToken, DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue, JsonContract,
    },
};

use crate::exchange;

/// The input is the body of an answer to a token operation.
pub fn check(input: &[u8]) {
    let read = serde_json::from_slice::<DelegatedAccessTokenApiResult>(input);
    if let Ok(result) = &read {
        assert_shows_no_text(result);
        for contract in [JsonContract::CamelCase, JsonContract::PascalCase] {
            let written = serde_json::to_vec(&result.wire(contract)).unwrap();
            assert_eq!(serde_json::from_slice::<DelegatedAccessTokenApiResult>(&written).unwrap(), *result);
        }
    }
    if let Ok(value) = serde_json::from_slice::<DelegatedAccessTokenApiResultValue>(input) {
        assert_shows_no_text(&value);
        for contract in [JsonContract::CamelCase, JsonContract::PascalCase] {
            let written = serde_json::to_vec(&value.wire(contract)).unwrap();
            let read = serde_json::from_slice::<DelegatedAccessTokenApiResultValue>(&written).unwrap();
            assert_eq!(read, value);
        }
    }
    if !input.is_empty() && !input.starts_with(b"\xEF\xBB\xBF") {
        let answer = exchange::delegate().read(exchange::answer(200, input.to_vec()));
        compare(read.ok(), answer.map(|answer| answer.value));
    }
}

/// The endpoint decodes escapes in a buffer of its own, and must read what the model reads.
fn compare(
    read: Option<DelegatedAccessTokenApiResult>,
    answered: Result<DelegatedAccessToken, EndpointError>,
) {
    let Some(result) = read else {
        let error = answered.expect_err("the model cannot read it");
        assert!(error.is_protocol());
        return;
    };
    let has_message = result.error_msg.as_ref().is_some_and(|text| !text.is_empty());
    let is_success = result.is_success.unwrap_or(!has_message);
    let token = result.value.and_then(DelegatedAccessTokenApiResultValue::into_token);
    match answered {
        Ok(answered) => {
            assert!(is_success);
            assert_eq!(Some(answered), token);
        }
        Err(error) => {
            assert_eq!(error.is_rejected(), !is_success);
            assert!(!is_success || token.is_none());
        }
    }
}

fn assert_shows_no_text(model: &impl std::fmt::Debug) {
    let shown = format!("{model:?}");
    assert!(!shown.contains("CANARY"), "{shown}");
}
