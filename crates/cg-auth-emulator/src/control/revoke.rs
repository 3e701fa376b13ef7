//! `/_emulator/revoke`: revokes tokens.

use cg_auth_core::body::Body;

use super::{error::ControlError, input::Members};
use crate::service::AuthService;

/// Revokes the tokens that the body names: exactly one of `token`, `user` and `all`.
pub(super) fn revoke(service: &AuthService, body: &Body) -> Result<(), ControlError> {
    let mut members = Members::read(body)?;
    let token = members.text("token")?;
    let user = members.text("user")?;
    let all = members.get("all", "true", |value| (value.as_bool() == Some(true)).then_some(()))?;
    members.done()?;
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
        _ => Err(ControlError::invalid("Give exactly one of `token`, `user` and `all`.")),
    }
}
