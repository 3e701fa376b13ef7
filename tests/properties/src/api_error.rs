//! `ApiError` from JSON, and to JSON in both contracts.

use cg_auth_core::{
    endpoint::Endpoint,
    model::{ApiError, JsonContract},
};

use crate::exchange;

/// The input is the body of an error answer.
pub fn check(input: &[u8]) {
    let read = serde_json::from_slice::<ApiError>(input);
    if let Ok(error) = &read {
        let shown = format!("{error:?}");
        assert!(!shown.contains("CANARY"), "{shown}");
        for contract in [JsonContract::CamelCase, JsonContract::PascalCase] {
            let written = serde_json::to_vec(&error.wire(contract)).unwrap();
            assert_eq!(serde_json::from_slice::<ApiError>(&written).unwrap(), *error);
        }
    }
    let failed = exchange::delegate().read(exchange::answer(400, input.to_vec())).unwrap_err();
    // An error answer is read as the model reads it. Only a byte order mark is skipped besides.
    if !input.starts_with(b"\xEF\xBB\xBF") {
        let error = read.unwrap_or_default();
        assert_eq!(failed.code().is_some(), error.code.is_some());
        assert_eq!(failed.date().is_some(), error.date.is_some());
        assert_eq!(failed.request_id().is_some(), error.request_id.is_some());
        assert_eq!(failed.messages().len(), error.message.as_ref().map_or(0, Vec::len).min(16));
        assert!(error.is_empty() || !failed.is_foreign());
    }
}
