//! [`trace_event`]: an observer that emits each event with `tracing`.

use tracing::{Level, event, field};

use super::{Event, seconds};
use crate::client::CallError;

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
                $($name = value!($kind $value),)*
                $event
            )
        };
    }
    with_table!(event, emit);
}

#[cfg(test)]
mod tests;
