//! `/_emulator/revoke`: revokes tokens.

use cg_auth_core::body::Body;

use super::error::ControlError;
use crate::{input::Members, service::AuthService};

/// Revokes the tokens that the body names: exactly one of `token`, `user` and `all`.
pub(super) fn revoke(service: &AuthService, body: &Body) -> Result<(), ControlError> {
    let mut members = Members::parse(body.as_bytes())?;
    members.some()?;
    let token = members.name("token")?;
    let user = members.name("user")?;
    let all =
        members.get("all", "the boolean true", |value| (value.as_bool() == Some(true)).then_some(()))?;
    members.done()?;
    let token_is_given = token.is_some();
    match (token, user, all) {
        (Some(token), None, None) => {
            let text = "The service has not issued this token, or no longer knows it.";
            service.revoke_token(&token).then_some(()).ok_or_else(|| ControlError::not_found(text))
        }
        (None, Some(user), None) => Ok(service.revoke_user(&user)?),
        (None, None, Some(())) => {
            service.revoke_all();
            Ok(())
        }
        (Some(_), Some(_), _) => Err(members.conflict("user", "token").into()),
        _ => Err(members.conflict("all", if token_is_given { "token" } else { "user" }).into()),
    }
}
