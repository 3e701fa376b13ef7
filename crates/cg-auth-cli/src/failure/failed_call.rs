//! [`FailedCall`]: an operation that failed, and the address of the service.

use std::{error::Error, fmt};

use cg_auth_core::{
    BaseUrl, CallError, CallErrorKind, Recovery, causes::causes, transport::TransportErrorKind,
};

use crate::service_address::ServiceAddress;

/// The operation that the command requested from the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    GetToken,
    RefreshToken,
    DeleteTokenCache,
    /// The demo calls the protected resource with its token.
    UseToken,
}

/// A call that failed. Unlike the error of the transport, the text names the host and the number of attempts.
#[derive(Debug)]
pub(crate) struct FailedCall {
    operation: Operation,
    address: ServiceAddress,
    error: CallError,
    base_url: Option<String>,
    proxy: Option<String>,
    secret: Option<String>,
    refresh_token: Option<String>,
}

impl FailedCall {
    pub(crate) fn new(operation: Operation, base_url: &BaseUrl, error: impl Into<CallError>) -> Self {
        Self {
            operation,
            address: ServiceAddress::of(base_url),
            error: error.into(),
            base_url: None,
            proxy: None,
            secret: None,
            refresh_token: None,
        }
    }

    /// Remembers where the base URL is set.
    pub(crate) fn with_base_url(self, base_url: &BaseUrl, origin: impl fmt::Display) -> Self {
        Self { base_url: Some(format!("{base_url} ({origin})")), ..self }
    }

    /// Remembers where the proxy is set.
    pub(crate) fn with_proxy(self, proxy: impl fmt::Display, origin: impl fmt::Display) -> Self {
        Self { proxy: Some(format!("{proxy} ({origin})")), ..self }
    }

    /// Remembers where the client secret comes from: `secret` without its text, as `origin` sets it.
    pub(crate) fn with_secret(self, secret: impl fmt::Display, origin: impl fmt::Display) -> Self {
        Self { secret: Some(format!("{secret} ({origin})")), ..self }
    }

    /// Remembers where the refresh token comes from.
    pub(crate) fn with_refresh_token(self, place: String) -> Self {
        Self { refresh_token: Some(place), ..self }
    }

    pub(crate) const fn operation(&self) -> Operation {
        self.operation
    }

    pub(crate) const fn error(&self) -> &CallError {
        &self.error
    }

    /// The host and port of the service.
    pub(crate) const fn address(&self) -> &ServiceAddress {
        &self.address
    }

    /// Where the client secret comes from, if the service refused it.
    pub(crate) fn refused_secret(&self) -> Option<&str> {
        self.secret.as_deref().filter(|_| self.error.recovery() == Recovery::ReplaceCredential)
    }

    /// Where the refresh token comes from, if the service may have refused it.
    pub(crate) fn refused_refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_deref().filter(|_| self.error.recovery() == Recovery::ReplaceCredential)
    }

    /// The base URL and where it is set, unless the service itself asks to try again or the proxy has failed.
    pub(crate) fn doubtful_base_url(&self) -> Option<&str> {
        let asks_again = self.error.kind() == CallErrorKind::Api && self.error.recovery() == Recovery::Retry;
        self.base_url.as_deref().filter(|_| !asks_again && !self.is_about_the_proxy())
    }

    /// The proxy and where it is set, if it has failed.
    pub(crate) fn failed_proxy(&self) -> Option<&str> {
        self.proxy.as_deref().filter(|_| self.is_about_the_proxy())
    }

    /// The problem of one attempt in a few words, without advice.
    pub(crate) fn brief(&self) -> String {
        if let Some(status) = self.error.status() {
            return status.as_u16().to_string();
        }
        let text = self.text_and_cause().0;
        text.split("; ").next().unwrap_or_default().to_owned()
    }

    /// Whether the failure is about the proxy, or about the variable that names the proxy.
    ///
    /// The transport reports this in the text of a cause only. For plain http, the proxy may also answer in
    /// place of the service, with status 407, which the service never uses.
    pub(crate) fn is_about_the_proxy(&self) -> bool {
        self.is_refused_by_proxy()
            || self.any_text(|text| {
                // The text after a semicolon is advice.
                let problem = text.split(';').next().unwrap_or_default();
                problem.contains("the proxy") || problem.to_ascii_lowercase().contains("_proxy ")
            })
    }

    /// Whether the proxy refused the login (407). hyper-util reports this in the text of its error only.
    fn is_refused_by_proxy(&self) -> bool {
        self.error.status().is_some_and(|status| status.as_u16() == 407)
            || self.any_text(|text| text.contains("proxy authorization required"))
    }

    fn any_text(&self, is_it: impl Fn(&str) -> bool) -> bool {
        let errors = self.error.as_transport().map(|error| causes(error));
        errors.into_iter().flatten().any(|error| is_it(&error.to_string()))
    }

    /// The text of this error, and the cause that explains it further.
    fn text_and_cause(&self) -> (String, Option<&(dyn Error + 'static)>) {
        if self.is_refused_by_proxy() {
            return (PROXY_LOGIN.to_owned(), None);
        }
        let cause = self.error.source();
        let Some(transport) = self.error.as_transport() else {
            return (self.text_without_transport(), cause);
        };
        match cause {
            _ if transport.message().is_some() => (transport.to_string(), cause),
            // The cause names the proxy or the setting; the general text does not.
            Some(cause) if self.is_about_the_proxy() || transport.kind() == TransportErrorKind::Config => {
                (cause.to_string(), cause.source())
            }
            _ => (transport.to_string(), cause),
        }
    }

    /// The host, unless `text` names it or is about the proxy, and the number of attempts if there were more
    /// than one.
    fn details(&self, text: &str) -> String {
        let address = self.address.to_string();
        let is_config = self.error.kind() == CallErrorKind::Config;
        let names_host = is_config || self.is_about_the_proxy() || text.contains(&address);
        let attempts = match self.error.attempts() {
            0 | 1 => None,
            attempts => Some(format!("after {attempts} attempts")),
        };
        let details: Vec<_> = [(!names_host).then_some(address), attempts].into_iter().flatten().collect();
        if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) }
    }

    fn text_without_transport(&self) -> String {
        match self.error.kind() {
            CallErrorKind::Timeout => format!("{} from {}", self.error, self.address),
            _ => self.error.to_string(),
        }
    }
}

impl fmt::Display for FailedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text_and_cause().0;
        write!(f, "{text}{}", self.details(&text))
    }
}

impl Error for FailedCall {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.text_and_cause().1
    }
}

const PROXY_LOGIN: &str = "the proxy refused the login (407); put user:password into CG_AUTH_PROXY";

#[cfg(test)]
mod tests {
    use cg_auth_core::{causes::cause_chain, transport::TransportError};

    use super::*;

    fn text(error: TransportError) -> String {
        let base_url = BaseUrl::parse("https://example.com").unwrap();
        cause_chain(&FailedCall::new(Operation::GetToken, &base_url, error))
    }

    #[test]
    fn a_transport_error_names_the_host() {
        let closed = TransportError::closed("eof");
        let start = "the connection ended before the answer was complete (example.com:443)";
        assert!(text(closed.clone()).starts_with(start), "{}", text(closed.clone()));
        // A text of the transport names the peer itself.
        assert_eq!(text(closed.with_message("example.com:443 went away")), "example.com:443 went away: eof");
    }

    #[test]
    fn a_proxy_error_names_the_proxy_and_not_the_host() {
        assert_eq!(text(TransportError::config("tunnel error: proxy authorization required")), PROXY_LOGIN);
        assert_eq!(text(TransportError::connect("the proxy is away")), "the proxy is away");
        assert_eq!(text(TransportError::connect("cannot reach the proxy p:1")), "cannot reach the proxy p:1");
        assert_eq!(text(TransportError::config("HTTPS_PROXY is not a URL")), "HTTPS_PROXY is not a URL");
    }
}
