//! [`When`]: whether a script acts before or after the service.

use crate::names::named;

/// Whether a script acts before or after the service has acted on the request.
///
/// **Before, which is the default, the service never sees the request: a refresh token that it carries was NOT
/// used up. After, the service has acted and only its answer is disturbed: the refresh token was rotated, and
/// the client may never learn the new one.**
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum When {
    /// The script acts instead of the service. Only a script that ends with the service's own answer lets the
    /// service act, after the script's delay.
    #[default]
    Before,
    /// The service acts at once. Then come the script's delay and its ending.
    After,
}

named!(pub When: Before = "before", After = "after");
