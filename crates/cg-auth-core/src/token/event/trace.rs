//! [`trace_event`]: an observer that emits each event with `tracing`.

use tracing::{Level, event, field};

use super::Event;

/// Emits `event` with the target `cg_auth`. Its name and fields are those of [`Event::name`] and
/// [`Event::fields`], numbers as numbers. The message is the name.
///
/// The level is `WARN` for a failure and for what looks like a mistake in the program's surroundings, `INFO` for a
/// token that is reported or dropped, and `DEBUG` for a new token.
///
/// ```
/// # use cg_auth_core::{AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName};
/// # use cg_auth_core::testing::{ManualClock, ScriptedTransport};
/// use cg_auth_core::token::trace_event;
///
/// # let (transport, clock) = (ScriptedTransport::new(), ManualClock::new());
/// # let base = BaseUrl::parse("https://example.com")?;
/// # let client = AuthClient::with_runtime(base, transport, clock);
/// # let user = UserPrincipalName::new("someone@example.com")?;
/// let provider = TokenProvider::new(client, user, ClientSecret::new("s3cret")?);
/// provider.on_event(trace_event);
/// # Ok::<(), cg_auth_core::ConfigError>(())
/// ```
pub fn trace_event(event: &Event) {
    let fields = event.typed_fields();
    macro_rules! value {
        (plain $value:expr) => {
            $value
        };
        (display $value:expr) => {
            $value.map(field::display)
        };
    }
    macro_rules! emit {
        ([$level:ident $name:literal] $($field:ident: $kind:ident),*) => {
            event!(
                name: $name,
                target: "cg_auth",
                Level::$level,
                $($field = value!($kind fields.$field),)*
                $name
            )
        };
    }
    match event {
        Event::Acquired { .. } => with_fields!(emit! [DEBUG "token_acquired"]),
        Event::Failed { .. } => with_fields!(emit! [WARN "token_failed"]),
        Event::RefreshTokenDropped { .. } => with_fields!(emit! [INFO "refresh_token_dropped"]),
        Event::RefreshSwitchedOff => with_fields!(emit! [WARN "refresh_switched_off"]),
        Event::SameTokenAgain => with_fields!(emit! [WARN "same_token_again"]),
        Event::Invalidated => with_fields!(emit! [INFO "token_invalidated"]),
        Event::DurationMismatch { .. } => with_fields!(emit! [WARN "duration_mismatch"]),
        Event::Abandoned { .. } => with_fields!(emit! [INFO "acquisition_abandoned"]),
    }
}

#[cfg(test)]
mod tests;
