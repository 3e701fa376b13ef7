//! `/_emulator/digest`: the digest of a secret or token, to compare with those of the recorded requests.

use cg_auth_core::body::Body;
use serde_json::{Value, json};

use super::error::ControlError;
use crate::{input::Members, service::AuthService};

pub(super) fn digest(service: &AuthService, body: &Body) -> Result<Value, ControlError> {
    let mut members = Members::parse(body.as_bytes())?;
    let value = members.name("value")?;
    members.done()?;
    let value = value.ok_or_else(|| members.missing("value", "a string that is not empty"))?;
    Ok(json!({ "digest": service.digest(&value) }))
}
