//! Which cases each defect fails.

use crate::defect::Defect;

/// The cases that a transport with `defect` fails, and no others.
pub(crate) const fn failed_by(defect: Defect) -> &'static [&'static str] {
    match defect {
        Defect::FollowsRedirects => &["a_redirect_is_not_followed"],
        Defect::IgnoresTheAnnouncedLength => &["an_announced_length_beyond_the_limit_is_refused_unread"],
        Defect::SendsAgainAfterALoss => &["closed_before_the_head"],
        Defect::ReplacesTheMethod => &["method_and_target_arrive_unchanged"],
        Defect::ChunksTheBody => &["a_redirect_is_not_followed", "method_and_target_arrive_unchanged"],
        Defect::SwallowsTheStatus => &["a_redirect_is_not_followed"],
        Defect::ConnectIsClosed => &["connection_refused"],
        Defect::ConnectIsSent => &["connection_refused"],
        Defect::LossIsUnsent => &["closed_before_the_head"],
        Defect::ClosedIsMalformed => &["closed_before_the_head"],
        Defect::TooLargeIsMalformed => &["an_announced_length_beyond_the_limit_is_refused_unread"],
        Defect::ErrorsSayNothing => &["connection_refused"],
        Defect::ErrorsQuoteTheRequest => &["closed_before_the_head", "connection_refused"],
        _ => &[],
    }
}

/// The cases that no defect can fail, each with the reason.
pub(crate) const NEVER_FAILED: &[(&str, &str)] = &[];
