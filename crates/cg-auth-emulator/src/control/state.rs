//! `/_emulator/state`: an overview of everything that the emulator keeps.

use serde_json::{Value, json};

use super::{clock, settings};
use crate::{operation::Operation, state::State};

pub(super) fn show(state: &State) -> Value {
    let (users, tokens) = (state.service.users(), state.service.token_counts());
    let count = |operation: &Operation| (operation.as_str().to_owned(), state.log.count(*operation).into());
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "clock": clock::show(&state.clock),
        "requests": {
            "counts": Operation::ALL.iter().map(count).collect::<serde_json::Map<_, Value>>(),
            "kept": state.log.requests().len(),
            "forgotten": state.log.forgotten(),
        },
        "scripts": state.scripts.len(),
        "users": {
            "total": users.iter().count(),
            "enabled": users.iter().filter(|user| user.is_enabled()).count(),
            "administrators": users.iter().filter(|user| user.is_administrator()).count(),
        },
        "tokens": {
            "issued": tokens.issued,
            "refresh_tokens": tokens.refresh_tokens,
            "cached_tokens": tokens.cached_tokens,
        },
        "settings": settings::show(&state.service),
    })
}
