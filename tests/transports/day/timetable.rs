//! The incidents of the day, and when they happen.

use std::{ops::Range, time::Duration};

/// The day moves on in steps, with calls for every user at each. A step is a tenth of a token's life, and as
/// long as the span of the jitter: a token is due at the eighth step of its life for every seed, so that the
/// number of requests can be calculated.
pub(crate) const STEP: Duration = Duration::from_secs(30);
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
/// Nine hours. In the tenth the host is suspended.
pub(crate) const STEPS: u32 = 9 * 120;
pub(crate) const SUSPENSION: Duration = Duration::from_secs(60 * 60);

/// Longer than the timeout of a call, so that the client does not wait within the call.
pub(crate) const BUSY_FOR: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    /// Another program sends a used refresh token. A service that detects it revokes all tokens derived from
    /// it.
    UsedRefreshTokenIsSent,
    /// The token operations answer 503 with `Retry-After`.
    Busy,
    /// The service closes each connection after it has read a token request.
    ConnectionsDrop,
    /// The token operations take real time.
    Slow,
    /// The service has a new client secret, which the secret source does not return yet.
    SecretReplaced,
    /// This program's wall clock is set forward by a day.
    WallForward,
    /// This program's wall clock is set back again.
    WallBack,
    /// The host is suspended for an hour, and its wall clock loses nearly all of it.
    Suspended,
    /// The service refuses all earlier tokens.
    TokensRevoked,
    /// The resource refuses every token, even a fresh one.
    ResourceRefuses,
    /// An administrator deletes the cache of tokens, and with it every refresh token.
    CacheDeleted,
}

impl Incident {
    /// Whether a token becomes useless that a provider believes to be valid.
    pub(crate) const fn revokes(self) -> bool {
        matches!(self, Self::UsedRefreshTokenIsSent | Self::TokensRevoked | Self::ResourceRefuses)
    }
}

/// The incidents, by step. No two overlap. An incident without `Retry-After` ends before the back-off has
/// grown to the length of a step.
pub(crate) const DAY: &[(Range<u32>, Incident)] = &[
    (61..62, Incident::UsedRefreshTokenIsSent),
    (120..140, Incident::Busy),
    (238..242, Incident::ConnectionsDrop),
    (330..338, Incident::Slow),
    (400..404, Incident::SecretReplaced),
    (480..481, Incident::WallForward),
    (500..501, Incident::WallBack),
    (560..561, Incident::Suspended),
    (640..641, Incident::TokensRevoked),
    (720..723, Incident::ResourceRefuses),
    (800..801, Incident::CacheDeleted),
    (850..854, Incident::ConnectionsDrop),
    (900..1020, Incident::Busy),
];

pub(crate) fn incident_at(step: u32) -> Option<Incident> {
    DAY.iter().find(|(steps, _)| steps.contains(&step)).map(|(_, incident)| *incident)
}

/// Whether the user's tasks call. Users begin to work one after the other. They begin a break together and
/// end it one after the other. A break is longer than a token's life, so an incident meets tokens of every
/// age.
pub(crate) fn is_at_work(user: usize, step: u32) -> bool {
    let late = u32::try_from(user).unwrap();
    let is_away = |from: &u32| (*from..*from + LIFETIME_STEPS + late).contains(&step);
    step >= late && !BREAKS.iter().any(is_away)
}

const BREAKS: [u32; 9] = [150, 270, 360, 440, 510, 590, 670, 750, 820];
const LIFETIME_STEPS: u32 = 10;
