//! [`Settings`]: how the service behaves where the vendor's documents leave it open.

use std::time::Duration;

use cg_auth_core::{model::JsonContract, token::DurationUnit};

use super::credential_check::KeyHeaderPolicy;
use crate::names::named;

/// What a refresh does with the refresh token that it receives. It is unknown which of the two the live
/// service does ([wire protocol, section 13](cg_auth_core::docs::wire#13-open-questions-need-a-live-tenant)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RefreshRotation {
    /// The refresh token cannot be used again, and the answer holds a new one.
    #[default]
    Rotate,
    /// The refresh token stays valid, and the answer holds it again.
    Keep,
}

named!(pub RefreshRotation: Rotate = "rotate", Keep = "keep");

/// How delegate and refresh refuse a credential or a refresh token. The vendor declares both forms, and it is
/// unknown when the live service uses which
/// ([wire protocol, section 4](cg_auth_core::docs::wire#4-errors-what-each-client-does)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Refusals {
    /// Status 400 with an `ApiError`.
    #[default]
    BadRequest,
    /// Status 200 with `isSuccess: false` and an `errorMsg`. Malformed requests and the deletion of the token
    /// cache are still refused with an error status, because their answers have no such envelope.
    IsSuccessFalse,
}

named!(pub Refusals: BadRequest = "bad_request", IsSuccessFalse = "is_success_false");

/// The settings of the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) key_header_policy: KeyHeaderPolicy,
    /// The contract of every answer; `None` leaves it to the request.
    pub(crate) contract: Option<JsonContract>,
    pub(crate) refusals: Refusals,
    pub(crate) tokens: TokenSettings,
}

/// The settings of the service's tokens.
#[derive(Debug, Clone)]
pub(crate) struct TokenSettings {
    pub(crate) lifetime: Duration,
    /// `None` for refresh tokens that never expire.
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
