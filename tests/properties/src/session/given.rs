//! The events that a session can meet, and the answers to its calls.

use arbitrary::Arbitrary;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

#[derive(Debug, Clone, Arbitrary)]
pub(super) enum Event {
    /// All clocks move on, by milliseconds.
    Advance(Millis),
    /// The monotonic clock stands still during that time.
    Suspend(Millis),
    /// The wall clock is set by so many seconds.
    SetWall(i32),
    Step,
    Begin(Secret),
    Finish(Ending),
    Abandon,
    Panic,
    /// A result of an acquisition that has ended long ago.
    Late,
    /// The service refuses the newest token, or the one before it.
    Invalidate(bool),
    Seed {
        left: u16,
        has_refresh_token: bool,
    },
    Clear,
    ReplaceSecret,
    TakeTokens,
}

/// A time of a length that matters to some phase or pause.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Millis {
    Short(u8),
    Middle(u16),
    Long(u32),
}

impl Millis {
    pub(super) fn count(self) -> u64 {
        match self {
            Self::Short(count) => count.into(),
            Self::Middle(count) => count.into(),
            Self::Long(count) => (count % 100_000_000).into(),
        }
    }
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Secret {
    First,
    Other,
    Unreadable,
}

impl Secret {
    pub(super) const fn text(self) -> Option<&'static str> {
        match self {
            Self::First => Some("CANARY-s3cret-1"),
            Self::Other => Some("CANARY-s3cret-2"),
            Self::Unreadable => None,
        }
    }
}

/// The result of a call.
#[derive(Debug, Clone, Arbitrary)]
pub(super) enum Ending {
    Issued {
        kind: TokenKind,
        lifetime: u16,
        refresh_token: Given,
    },
    Refused(Refusal),
    /// The service says "later".
    Later(Later, Option<u16>),
    /// The service, or something before it, has failed after it may have taken the refresh token.
    Ambiguous(Ambiguity),
    Unsent,
    Redirect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub(super) enum TokenKind {
    Jwt,
    Opaque,
    /// Without any lifetime.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub(super) enum Given {
    None,
    Same,
    Another,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Refusal {
    BadRequest,
    Unauthorized,
    Rejected,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Later {
    TooMany,
    Unavailable,
    Timeout,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Ambiguity {
    Lost,
    Broken,
    Unreadable,
    FirewallPage,
}

/// The body of an answer with a token.
pub(super) fn issued(access_token: &str, refresh_token: Option<&str>, duration: u16) -> String {
    let refresh_token = refresh_token.map_or("null".to_owned(), |token| format!("{token:?}"));
    format!(
        r#"{{"value":{{"access_token":"{access_token}","refresh_token":{refresh_token},"duration":{duration}}},"isSuccess":true}}"#
    )
}

/// A token with claims, and a part that marks it.
pub(super) fn jwt(mark: &str, issued_at: u64, lifetime: u16) -> String {
    let expires_at = issued_at + u64::from(lifetime);
    let claims = format!(r#"{{"iat":{issued_at},"exp":{expires_at}}}"#);
    format!("e30.{}.{mark}", URL_SAFE_NO_PAD.encode(claims))
}
