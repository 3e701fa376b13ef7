//! `/_emulator/settings`: shows and changes the lifetimes and policies.

use std::time::Duration;

use cg_auth_core::{body::Body, model::JsonContract, token::DurationUnit};
use serde_json::{Value, json};

use super::{error::ControlError, input::Members};
use crate::service::{AuthService, KeyHeaderPolicy, RefreshRotation, Refusals, ServiceSettings};

pub(super) fn show(service: &AuthService) -> Value {
    let settings = ServiceSettings::of(&service.settings());
    json!({
        "token_lifetime_seconds": settings.token_lifetime.as_secs(),
        "refresh_token_lifetime_seconds": settings.refresh_token_lifetime.map(|it| it.as_secs()),
        "duration_unit": name(UNITS, &settings.duration_unit),
        "refresh_rotation": name(ROTATIONS, &settings.refresh_rotation),
        "reuse_detection": settings.reuse_detection,
        "token_cache": settings.token_cache,
        "key_header_policy": name(POLICIES, &settings.key_header_policy),
        "contract": settings.contract.map(|it| name(CONTRACTS, &it)),
        "refusals": name(REFUSALS, &settings.refusals),
    })
}

/// Changes the settings that the body names, all or none.
pub(super) fn change(service: &AuthService, body: &Body) -> Result<Value, ControlError> {
    let mut members = Members::read(body)?;
    let mut settings = ServiceSettings::of(&service.settings());
    let whole = "a whole number of seconds, at least 1";
    let lifetime = |value: &Value| value.as_u64().filter(|it| *it > 0).map(Duration::from_secs);
    let or_null = |value: &Value| if value.is_null() { Some(None) } else { lifetime(value).map(Some) };
    macro_rules! set {
        ($($setting:ident: $value:expr;)*) => {
            $(if let Some(value) = $value { settings.$setting = value; })*
        };
    }
    set! {
        token_lifetime: members.get("token_lifetime_seconds", whole, lifetime)?;
        refresh_token_lifetime:
            members.get("refresh_token_lifetime_seconds", &format!("{whole}, or null for never"), or_null)?;
        duration_unit: choice(&mut members, "duration_unit", UNITS)?;
        refresh_rotation: choice(&mut members, "refresh_rotation", ROTATIONS)?;
        reuse_detection: members.flag("reuse_detection")?;
        token_cache: members.flag("token_cache")?;
        key_header_policy: choice(&mut members, "key_header_policy", POLICIES)?;
        contract: members.get("contract", "camel_case, pascal_case or null", |value| {
            if value.is_null() { Some(None) } else { find(CONTRACTS, value).map(Some) }
        })?;
        refusals: choice(&mut members, "refusals", REFUSALS)?;
    }
    members.done()?;
    service.change_settings(settings);
    Ok(show(service))
}

fn choice<T: Copy>(
    members: &mut Members,
    name: &'static str,
    names: &[(&str, T)],
) -> Result<Option<T>, ControlError> {
    let allowed = names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    members.get(name, &format!("a string, one of {allowed}"), |value| find(names, value))
}

fn find<T: Copy>(names: &[(&str, T)], value: &Value) -> Option<T> {
    names.iter().find(|(name, _)| value.as_str() == Some(*name)).map(|(_, value)| *value)
}

fn name<'a, T: PartialEq>(names: &[(&'a str, T)], value: &T) -> Option<&'a str> {
    names.iter().find(|(_, its_value)| its_value == value).map(|(name, _)| *name)
}

const UNITS: &[(&str, DurationUnit)] = &[
    ("milliseconds", DurationUnit::Milliseconds),
    ("seconds", DurationUnit::Seconds),
    ("minutes", DurationUnit::Minutes),
    ("hours", DurationUnit::Hours),
];
const ROTATIONS: &[(&str, RefreshRotation)] =
    &[("rotate", RefreshRotation::Rotate), ("keep", RefreshRotation::Keep)];
const POLICIES: &[(&str, KeyHeaderPolicy)] = &[
    ("both", KeyHeaderPolicy::Both),
    ("either", KeyHeaderPolicy::Either),
    ("body_only", KeyHeaderPolicy::BodyOnly),
];
const CONTRACTS: &[(&str, JsonContract)] =
    &[("camel_case", JsonContract::CamelCase), ("pascal_case", JsonContract::PascalCase)];
const REFUSALS: &[(&str, Refusals)] =
    &[("bad_request", Refusals::BadRequest), ("is_success_false", Refusals::IsSuccessFalse)];
