//! What happens in the course of the day, and when.

use std::{ops::Range, time::Duration};

/// The day moves on in steps, at each of which somebody calls for every user. A step is a tenth of a token's life
/// and the whole of the jitter's span: a token is due at the eighth step of its life whatever chance has drawn, so
/// that the number of requests can be reckoned beforehand.
pub(crate) const STEP: Duration = Duration::from_secs(30);
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
/// Nine hours; the tenth is slept through.
pub(crate) const STEPS: u32 = 9 * 120;
pub(crate) const SUSPENSION: Duration = Duration::from_secs(60 * 60);

/// Longer than a call may take, or the client would wait within the call.
pub(crate) const BUSY_FOR: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    /// Somebody else sends a refresh token that was used up: a service that detects it revokes what descends from it.
    UsedUpTokenComesBack,
    /// The token operations answer 503, and name when to come back.
    Busy,
    /// Every connection is closed once a request for a token has been read.
    ConnectionsDrop,
    /// The token operations take real time.
    Slow,
    /// The service takes another client secret, which the secret source does not give yet.
    SecretReplaced,
    /// This program's wall clock is set forward by a day.
    WallForward,
    /// And back again.
    WallBack,
    /// The host is suspended for an hour, and its wall clock loses nearly all of it.
    Suspended,
    /// The service takes no token of before.
    TokensRevoked,
    /// The resource refuses every token, however fresh.
    ResourceRefuses,
    /// An administrator deletes the cache of tokens, and with it every refresh token.
    CacheDeleted,
}

impl Incident {
    /// Whether it makes a token useless that a provider takes for valid.
    pub(crate) const fn revokes(self) -> bool {
        matches!(self, Self::UsedUpTokenComesBack | Self::TokensRevoked | Self::ResourceRefuses)
    }
}

/// By step. None of them overlap, and those without a named time to come back are over before a back-off has
/// grown to the length of a step.
pub(crate) const DAY: &[(Range<u32>, Incident)] = &[
    (61..62, Incident::UsedUpTokenComesBack),
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

/// Whether anybody calls for that user. They come to work one after the other, and to each break, which is longer than
/// a token lives, they go together and come back one after the other: so an incident meets tokens of every age.
pub(crate) fn is_at_work(user: usize, step: u32) -> bool {
    let late = u32::try_from(user).unwrap();
    let is_away = |from: &u32| (*from..*from + LIFETIME_STEPS + late).contains(&step);
    step >= late && !BREAKS.iter().any(is_away)
}

const BREAKS: [u32; 9] = [150, 270, 360, 440, 510, 590, 670, 750, 820];
const LIFETIME_STEPS: u32 = 10;
