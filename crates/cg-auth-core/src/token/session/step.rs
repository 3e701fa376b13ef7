//! [`Step`]: what a session decides for a caller.

use super::AcquisitionId;
use crate::token::{IssuedToken, TokenError};

/// What to do for a caller who wants a token now. Exhaustive, so that a driver handles every case.
#[derive(Debug, Clone)]
#[must_use]
pub enum Step {
    /// Return this token.
    Serve(IssuedToken),
    /// Return this token, and drive an acquisition of the next one.
    ServeAndStart(IssuedToken, AcquisitionId),
    /// Drive an acquisition; its outcome is the answer.
    Start(AcquisitionId),
    /// Wait for the acquisition in flight; its outcome is the answer.
    Wait,
    /// Return this error: there is no token, and the back-off has not ended.
    Fail(TokenError),
}
