//! [`ServiceSettings`]: the lifetimes and policies, which may change while the emulator runs.

use std::time::Duration;

use cg_auth_core::{model::JsonContract, token::DurationUnit};

use super::{
    credential_check::KeyHeaderPolicy,
    settings::{RefreshRotation, Refusals, Settings, TokenSettings},
};

/// The lifetimes and policies of the service. [`EmulatorBuilder`](crate::EmulatorBuilder) explains each.
///
/// ```
/// let emulator = cg_auth_emulator::Emulator::start_blocking()?;
/// let mut settings = emulator.settings();
/// settings.reuse_detection = true;
/// emulator.set_settings(settings);
/// # Ok::<(), cg_auth_emulator::EmulatorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceSettings {
    /// The lifetime of an access token in whole seconds, at least one.
    pub token_lifetime: Duration,
    /// The lifetime of a refresh token; `None` for refresh tokens that never expire.
    pub refresh_token_lifetime: Option<Duration>,
    /// The unit of the answer's `duration`.
    pub duration_unit: DurationUnit,
    /// What a refresh does with the refresh token that it receives.
    pub refresh_rotation: RefreshRotation,
    /// Whether a second use of a refresh token revokes every token of the same delegation.
    pub reuse_detection: bool,
    /// Whether the service caches each user's newest token.
    pub token_cache: bool,
    /// Where delegate and delete requests must present the credential.
    pub key_header_policy: KeyHeaderPolicy,
    /// The JSON contract of every answer; `None` leaves it to the request.
    pub contract: Option<JsonContract>,
    /// How delegate and refresh refuse a credential or a refresh token.
    pub refusals: Refusals,
}

impl ServiceSettings {
    pub(crate) const fn of(settings: &Settings) -> Self {
        let tokens = &settings.tokens;
        Self {
            token_lifetime: tokens.lifetime,
            refresh_token_lifetime: tokens.refresh_lifetime,
            duration_unit: tokens.duration_unit,
            refresh_rotation: tokens.rotation,
            reuse_detection: tokens.reuse_detection,
            token_cache: tokens.cache,
            key_header_policy: settings.key_header_policy,
            contract: settings.contract,
            refusals: settings.refusals,
        }
    }

    /// The settings of the service. A seed applies at the start only, so it is not among them.
    pub(crate) const fn into_settings(self, seed: Option<u64>) -> Settings {
        let tokens = TokenSettings {
            lifetime: self.token_lifetime,
            refresh_lifetime: self.refresh_token_lifetime,
            duration_unit: self.duration_unit,
            rotation: self.refresh_rotation,
            reuse_detection: self.reuse_detection,
            cache: self.token_cache,
            seed,
        };
        let Self { key_header_policy, contract, refusals, .. } = self;
        Settings { key_header_policy, contract, refusals, tokens }
    }
}
