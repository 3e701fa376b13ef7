//! A failure as lines for a person.

use cg_auth_core::{
    CallErrorKind, Recovery,
    causes::causes,
    transport::{TransportError, TransportErrorKind},
};

use crate::{
    descriptors,
    failure::{FailedCall, Failure, Operation, ShortLived},
    output::{self, escaped},
    time_format::brief,
};

/// The failure with its causes, the messages of the service, and a hint.
pub(super) fn lines(failure: &Failure) -> String {
    let mut lines = Vec::new();
    let mut texts: Vec<_> = causes(failure).map(|error| escaped(&error.to_string())).collect();
    texts.dedup();
    let mut texts = texts.into_iter();
    let error = texts.next().unwrap_or_default();
    lines.push(output::labelled("error", output::ERROR, &error).trim_end().to_owned());
    lines.extend(texts.map(|text| format!("  caused by: {text}")));
    if let missing @ [_, _, ..] = failure.missing() {
        lines.extend(missing.iter().map(|it| format!("  {}: {}", it.label, escaped(&it.ways))));
    }
    if let Some(call) = failure.failed_call() {
        let places = [
            ("base URL", call.doubtful_base_url()),
            ("proxy", call.failed_proxy()),
            ("client secret", call.refused_secret()),
            ("refresh token", call.refused_refresh_token()),
        ];
        lines.extend(
            places.into_iter().filter_map(|(name, place)| Some(format!("  {name}: {}", escaped(place?)))),
        );
    }
    if failure.call_error().is_none()
        && let Some(delay) = failure.retry_after()
    {
        lines.push(format!("  retry after: {}", brief(delay)));
    }
    if let Some(error) = failure.call_error() {
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
    if descriptors::ran_out(failure) && !matches!(failure, Failure::Descriptors(_)) {
        return Some(DESCRIPTORS);
    }
    match failure {
        Failure::Setting(error) => error.hint(),
        Failure::Transport(_) => Some(CONFIG),
        Failure::Call(call) => Some(hint_after_call(call)),
        Failure::Token(error) if error.as_shared().is_some() => Some(COOL_DOWN),
        Failure::ShortLived(ShortLived::Short { .. }) => Some(SHORT_LIVED),
        // The demo has no settings, so the user cannot fix a failed step.
        _ => None,
    }
}

/// What to do about a call that failed.
pub(crate) fn hint_after_call(call: &FailedCall) -> &'static str {
    let error = call.error();
    if call.is_about_the_proxy() {
        return PROXY;
    }
    match (error.recovery(), call.operation()) {
        (Recovery::ReplaceCredential, Operation::RefreshToken) => REFUSED_REFRESH,
        (Recovery::ReplaceCredential, Operation::DeleteTokenCache) => REFUSED_DELETE,
        (Recovery::ReplaceCredential, _) => REFUSED_CREDENTIAL,
        (Recovery::Retry, _) => match error.kind() {
            CallErrorKind::Timeout => "try again, or allow more time with --timeout",
            CallErrorKind::Api => "the service is overloaded or has failed; try again later",
            _ => "check the network and --base-url, then try again",
        },
        _ if error.as_transport().is_some_and(|error| error.kind() == TransportErrorKind::Config) => CONFIG,
        _ if error.as_transport().is_some_and(TransportError::is_refused_certificate) => CERTIFICATE,
        _ => NOT_THE_SERVICE,
    }
}

const DESCRIPTORS: &str = "raise the limit on open files with ulimit -n";
const PROXY: &str = "\
    name another proxy with --proxy, or in CG_AUTH_PROXY if its URL holds a password; --proxy none \
    connects without a proxy";
const COOL_DOWN: &str = "\
    the processes that share the store wait after a failure: cg-auth store show tells for how long, and cg-auth store \
    clear ends the wait";
const REFUSED_CREDENTIAL: &str = "\
    check the client secret and the user principal name; a secret expires with its API authentication \
    profile, and is valid in one environment only";
const REFUSED_REFRESH: &str = "\
    a refresh token can be used once and may have expired: cg-auth token gets a new one; a proxy that \
    drops headers with an underscore, as nginx does by default, and another process that uses the same \
    user also cause this error";
const REFUSED_DELETE: &str = "\
    the user must be a Service Administrator; if it is one, check the client secret and the user \
    principal name";
const CONFIG: &str = "check --ca-file and --base-url; a system without root certificates needs --ca-file";
const CERTIFICATE: &str = "\
    if your own certificate authority issued the certificate, name its root certificate with --ca-file";
const SHORT_LIVED: &str = "\
    the service may hand out a token from its cache until that token expires; ask for less, or try again \
    after the token has expired";
const NOT_THE_SERVICE: &str = "\
    check --base-url and what stands in front of the service: the answer does not look like one from \
    the service";

#[cfg(test)]
mod tests {
    use cg_auth_core::BaseUrl;

    use super::*;

    fn hint_for(error: TransportError) -> &'static str {
        let base_url = BaseUrl::parse("https://example.com").unwrap();
        hint_after_call(&FailedCall::new(Operation::GetToken, &base_url, error))
    }

    #[test]
    fn the_hint_names_the_setting_that_helps() {
        assert_eq!(hint_for(TransportError::refused_certificate("x")), CERTIFICATE);
        assert_eq!(hint_for(TransportError::config("x")), CONFIG);
        assert_eq!(hint_for(TransportError::config("the proxy wants a login")), PROXY);
        assert!(hint_for(TransportError::connect("x")).contains("--base-url"));
    }
}
