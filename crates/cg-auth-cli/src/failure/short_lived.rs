//! [`ShortLived`]: a token that does not live as long as the user requires.

use std::time::{Duration, SystemTime};

use crate::time_format::distance;

/// Why a token does not live long enough for `--min-lifetime` or `--require-valid`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShortLived {
    #[error("the token expired {}", distance(*.expired_at, *.now))]
    Expired { expired_at: SystemTime, now: SystemTime },
    #[error("the token is not valid yet: it starts {}", distance(*.starts_at, *.now))]
    NotYet { starts_at: SystemTime, now: SystemTime },
    /// `option` is the flag with its value.
    #[error(
        "the token expires in {}, and {option} asks for more",
        humantime::format_duration(Duration::from_secs(.left.as_secs()))
    )]
    Short { left: Duration, option: String },
    #[error("nothing shows how long the token lives, and {option} asks for it")]
    Unknown { option: String },
}
