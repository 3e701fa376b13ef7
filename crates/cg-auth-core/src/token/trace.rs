//! [`trace_event`]: what observers are told, for whoever collects it with `tracing`.

use std::time::Duration;

use tracing::{Level, event, field};

use super::Event;
use crate::client::CallError;

/// Emits `event` with the target `cg_auth`. Its name and fields are those of [`Event::name`] and
/// [`Event::fields`], numbers as numbers; the name is the message too.
///
/// What a program should know of is a warning: a failure, and what looks like a mistake in its surroundings. A
/// token that was reported or given up is an info, and a new token, which is what should happen, a debug event.
///
/// ```
/// # use cg_auth_core::{AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName};
/// # use cg_auth_core::testing::{ManualClock, ScriptedTransport};
/// use cg_auth_core::token::trace_event;
///
/// # let client = AuthClient::with_runtime(
/// #     BaseUrl::parse("https://example.com")?, ScriptedTransport::new(), ManualClock::new());
/// # let user = UserPrincipalName::new("someone@example.com")?;
/// let provider = TokenProvider::new(client, user, ClientSecret::new("s3cret")?);
/// provider.on_event(trace_event);
/// # Ok::<(), cg_auth_core::ConfigError>(())
/// ```
pub fn trace_event(event: &Event) {
    macro_rules! emit {
        ($level:ident, $name:literal $(, $($field:tt)+)?) => {
            event!(name: $name, target: "cg_auth", Level::$level, $($($field)+,)? $name)
        };
    }
    match event {
        Event::Acquired { reason, grant, attempts, took, lifetime, expiry_source, request_id } => emit!(
            DEBUG,
            "token_acquired",
            reason = %reason,
            grant = %grant,
            attempts = *attempts,
            took = took.as_secs_f64(),
            lifetime = lifetime.as_ref().map(Duration::as_secs_f64),
            expiry_source = expiry_source.as_str(),
            request_id = request_id.as_deref()
        ),
        Event::Failed { reason, grant, attempts, took, error, retry_in } => emit!(
            WARN,
            "token_failed",
            reason = %reason,
            grant = grant.map(field::display),
            attempts = *attempts,
            took = took.as_secs_f64(),
            error = %error,
            request_id = error.as_call().and_then(CallError::request_id),
            retry_in = retry_in.as_secs_f64()
        ),
        Event::RefreshTokenDropped { refused } => emit!(INFO, "refresh_token_dropped", refused = *refused),
        Event::RefreshSwitchedOff => emit!(WARN, "refresh_switched_off"),
        Event::SameTokenAgain => emit!(WARN, "same_token_again"),
        Event::Invalidated => emit!(INFO, "token_invalidated"),
        Event::DurationMismatch { duration, lifetime } => emit!(
            WARN,
            "duration_mismatch",
            duration = *duration,
            lifetime = lifetime.as_ref().map(Duration::as_secs_f64)
        ),
        Event::Abandoned { reason, grant, attempts, took } => emit!(
            INFO,
            "acquisition_abandoned",
            reason = %reason,
            grant = grant.map(field::display),
            attempts = *attempts,
            took = took.as_secs_f64()
        ),
    }
}

#[cfg(test)]
mod tests;
