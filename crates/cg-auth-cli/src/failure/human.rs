//! A failure as lines for a person.

use std::{error::Error as _, iter::successors};

use cg_auth_core::{CallError, CallErrorKind, Recovery, transport::TransportErrorKind};

use super::Failure;
use crate::output::{self, escaped};

/// `error:` with its causes, what the service said, and a hint.
pub(super) fn lines(failure: &Failure) -> String {
    let mut lines = Vec::new();
    let mut story = failure.story();
    let first = story.next().unwrap_or_default();
    lines.push(output::labelled("error", output::ERROR, &escaped(&first)).trim_end().to_owned());
    lines.extend(story.map(|line| format!("  caused by: {}", escaped(&line))));
    if let Some(error) = failure.call() {
        lines.extend(error.messages().iter().map(|line| format!("  the service says: {}", escaped(line))));
        let details = [
            ("code", error.code().map(escaped)),
            ("request id", error.request_id().map(escaped)),
            ("retry after", failure.retry_after().map(|delay| humantime::format_duration(delay).to_string())),
        ];
        lines.extend(details.into_iter().filter_map(|(name, text)| Some(format!("  {name}: {}", text?))));
    }
    if let Some(hint) = hint(failure) {
        lines.push(format!("hint: {hint}"));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn hint(failure: &Failure) -> Option<&'static str> {
    match failure {
        Failure::Setting(error) => error.hint(),
        Failure::Refresh(error) if error.recovery() == Recovery::ReplaceCredential => Some(REFUSED_REFRESH),
        Failure::DeleteTokenCache(error) if error.recovery() == Recovery::ReplaceCredential => {
            Some(REFUSED_DELETE)
        }
        Failure::Call(error) | Failure::Refresh(error) | Failure::DeleteTokenCache(error) => {
            Some(hint_after_call(error))
        }
        Failure::Token(error) => error.as_call().map(hint_after_call),
        // The demo has no setting that could be mended.
        _ => None,
    }
}

fn hint_after_call(error: &CallError) -> &'static str {
    if is_about_the_proxy(error) {
        return OTHER_PROXY;
    }
    match error.recovery() {
        Recovery::ReplaceCredential => {
            "check the client secret and the user principal name; a secret expires with its API authentication \
             profile, and belongs to one environment"
        }
        Recovery::Retry => match error.kind() {
            CallErrorKind::Timeout => "try again, or allow more time with --timeout",
            CallErrorKind::Api => "the service is busy or in trouble; try again later",
            _ => "check the network and --base-url, then try again",
        },
        _ => match error.as_transport().map(|error| (error.kind(), error.is_refused_certificate())) {
            Some((TransportErrorKind::Config, _)) => {
                "check --ca-file and --base-url; a system without root certificates of its own needs --ca-file"
            }
            Some((_, true)) => {
                "if the certificate comes from an authority of your own, name its root with --ca-file"
            }
            _ => "check --base-url: what answered there does not look like the service",
        },
    }
}

/// A proxy answers plain http in the service's place. On the way to one, the transport says what is wrong with it, or
/// with the variable that names it.
fn is_about_the_proxy(error: &CallError) -> bool {
    let causes = successors(error.as_transport().and_then(|error| error.source()), |&cause| cause.source());
    let mut texts = causes.map(ToString::to_string);
    error.status().is_some_and(|status| status.as_u16() == 407)
        || texts.any(|text| text.starts_with("the proxy ") || text.to_ascii_lowercase().contains("_proxy "))
}

const OTHER_PROXY: &str = "name another proxy with --proxy, or in CG_AUTH_PROXY where its URL holds a password; \
                           --proxy none uses none";
const REFUSED_REFRESH: &str = "a refresh token serves once and may expire: cg-auth token gets another; a proxy that \
                               drops headers with an underscore, as nginx does by default, hides it from the \
                               service";
const REFUSED_DELETE: &str =
    "the user must be a Service Administrator; else check the client secret and the user principal name";
