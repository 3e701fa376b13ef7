//! [`Settings`]: how the service behaves where the vendor does not say.

use std::time::Duration;

use cg_auth_core::{model::JsonContract, token::DurationUnit};

use crate::credential_check::KeyHeaderPolicy;

/// What a refresh does to the refresh token that it was asked with. Which of the two the service does is
/// unknown (SPEC section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RefreshRotation {
    /// It is used up; the answer holds its successor.
    #[default]
    Rotate,
    /// It stays good; the answer holds it again.
    Keep,
}

/// How the two token operations say no to a credential or a refresh token. Both exist in the vendor's
/// declarations; when the service chooses which is unknown (SPEC section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Refusals {
    /// Status 400 and an `ApiError`.
    #[default]
    BadRequest,
    /// Status 200 and `isSuccess: false` with an `errorMsg`. What has no such envelope, the deletion of the
    /// cache and requests that are malformed, is refused by status all the same.
    IsSuccessFalse,
}

/// What the service is set to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) key_header_policy: KeyHeaderPolicy,
    /// The contract of every answer; `None` leaves it to the request.
    pub(crate) contract: Option<JsonContract>,
    pub(crate) refusals: Refusals,
    pub(crate) tokens: TokenSettings,
}

/// What is set about tokens.
#[derive(Debug, Clone)]
pub(crate) struct TokenSettings {
    pub(crate) lifetime: Duration,
    /// `None` for refresh tokens that do not age.
    pub(crate) refresh_lifetime: Option<Duration>,
    pub(crate) duration_unit: DurationUnit,
    pub(crate) rotation: RefreshRotation,
    pub(crate) reuse_detection: bool,
    pub(crate) cache: bool,
    pub(crate) seed: Option<u64>,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(60 * 60),
            refresh_lifetime: None,
            duration_unit: DurationUnit::Seconds,
            rotation: RefreshRotation::Rotate,
            reuse_detection: false,
            cache: true,
            seed: None,
        }
    }
}
