//! [`trace_event`] and [`trace_event_of`]: observers that emit each event with `tracing`.

use tracing::{Level, event, field};

use super::{Event, REFUSED_REFRESH_CAUSES, is_short, kind, seconds};
use crate::{causes::cause_chain, client::CallError, model::UserPrincipalName};

/// Emits `event` with the target `cg_auth`. Its name and fields are those of [`Event::name`] and
/// [`Event::fields`], numbers as numbers. The message is the name.
///
/// The level is `WARN` for a failure and for a sign of a misconfiguration, `INFO` for a token that is
/// reported or dropped, and `DEBUG` for a new token.
///
/// ```
/// # fn observe(provider: cg_auth_core::TokenProvider) {
/// provider.on_event(cg_auth_core::token::trace_event);
/// # }
/// ```
pub fn trace_event(event: &Event) {
    trace(None, event);
}

/// Emits `event` like [`trace_event`], with one more field: `user`. For a [`TokenPool`](crate::TokenPool).
///
/// ```
/// # fn observe(pool: cg_auth_core::TokenPool) {
/// pool.on_event(cg_auth_core::token::trace_event_of);
/// # }
/// ```
pub fn trace_event_of(user: &UserPrincipalName, event: &Event) {
    trace(Some(user.as_str()), event);
}

fn trace(user: Option<&str>, event: &Event) {
    macro_rules! value {
        (plain $value:expr) => {
            $value
        };
        (display $value:expr) => {
            $value.map(field::display)
        };
    }
    macro_rules! emit {
        ($level:ident $event:literal $(, $name:ident: $kind:ident = $value:expr)*) => {
            event!(
                name: $event,
                target: "cg_auth",
                Level::$level,
                user,
                $($name = value!($kind $value),)*
                $event
            )
        };
    }
    with_table!(event, emit);
}

#[cfg(test)]
mod tests;
