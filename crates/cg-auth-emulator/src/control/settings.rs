//! `/_emulator/settings`: shows and changes the lifetimes and policies.

use std::time::Duration;

use cg_auth_core::{body::Body, model::JsonContract};
use serde_json::{Value, json};

use super::error::ControlError;
use crate::{
    input::{Members, whole_number},
    names::{Named, one_of},
    service::{AuthService, ServiceSettings},
};

pub(super) fn show(service: &AuthService) -> Value {
    let settings = ServiceSettings::of(&service.settings());
    json!({
        "token_lifetime_seconds": settings.token_lifetime.as_secs(),
        "refresh_token_lifetime_seconds": settings.refresh_token_lifetime.map(|it| it.as_secs()),
        "duration_unit": settings.duration_unit.as_str(),
        "refresh_rotation": settings.refresh_rotation.as_str(),
        "reuse_detection": settings.reuse_detection,
        "token_cache": settings.token_cache,
        "key_header_policy": settings.key_header_policy.as_str(),
        "contract": settings.contract.map(JsonContract::as_str),
        "refusals": settings.refusals.as_str(),
    })
}

/// Changes the settings that the body names, at least one; all or none.
pub(super) fn change(service: &AuthService, body: &Body) -> Result<Value, ControlError> {
    let mut members = Members::parse(body.as_bytes())?;
    members.some()?;
    let mut settings = ServiceSettings::of(&service.settings());
    let lifetime = |value: &Value| whole_number(value).filter(|it| *it > 0).map(Duration::from_secs);
    let lifetime_or_null =
        |value: &Value| if value.is_null() { Some(None) } else { lifetime(value).map(Some) };
    let contract = |value: &Value| match value {
        Value::Null => Some(None),
        value => JsonContract::of_name(value.as_str()?).map(Some),
    };
    let contracts = format!("a string, {}, or null for either", one_of(&JsonContract::names()));
    macro_rules! set {
        ($($setting:ident: $value:expr;)*) => {
            $(if let Some(value) = $value { settings.$setting = value; })*
        };
    }
    set! {
        token_lifetime: members.get("token_lifetime_seconds", LIFETIME, lifetime)?;
        refresh_token_lifetime:
            members.get("refresh_token_lifetime_seconds", LIFETIME_OR_NULL, lifetime_or_null)?;
        duration_unit: members.choice("duration_unit")?;
        refresh_rotation: members.choice("refresh_rotation")?;
        reuse_detection: members.flag("reuse_detection")?;
        token_cache: members.flag("token_cache")?;
        key_header_policy: members.choice("key_header_policy")?;
        contract: members.get("contract", &contracts, contract)?;
        refusals: members.choice("refusals")?;
    }
    members.done()?;
    service.change_settings(settings);
    Ok(show(service))
}

const LIFETIME: &str = "a whole number of seconds from 1 to 18446744073709551615";
const LIFETIME_OR_NULL: &str = "a whole number of seconds from 1 to 18446744073709551615, or null for no end";
