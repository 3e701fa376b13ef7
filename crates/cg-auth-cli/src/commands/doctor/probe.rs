//! [`Probe`]: one request to the base URL, without a credential, over the transport that makes the calls.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use cg_auth_core::{
    body::Body,
    time::Now,
    transport::{HttpTransport as _, TransportError, TransportErrorKind},
};
use http::{HeaderMap, Request, StatusCode, Uri, Version};

use super::certificate::Certificate;
use crate::settings::Connection;

/// What the request showed.
pub(super) struct Probe {
    /// The certificate of the service, also if it was refused.
    pub(super) certificate: Option<Certificate>,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Answered {
        version: Version,
        status: StatusCode,
        headers: HeaderMap,
        received_at: SystemTime,
    },
    Failed(TransportError),
    /// There was no complete answer within the limit.
    TimedOut,
}

impl Probe {
    /// Sends a GET for `uri`, the base URL of `connection`, and waits for at most `limit`.
    pub(super) async fn send(connection: &Connection, uri: &Uri, limit: Duration) -> Self {
        let seen = Arc::new(SeenCertificates::default());
        let outcome = match Self::exchange(connection, uri, limit, &seen).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(error),
        };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        // A proxy may have shown a certificate of its own.
        let of_service = seen.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(host));
        Self { certificate: of_service.and_then(|(_, der)| Certificate::read(der)), outcome }
    }

    async fn exchange(
        connection: &Connection,
        uri: &Uri,
        limit: Duration,
        seen: &Arc<SeenCertificates>,
    ) -> Result<Outcome, TransportError> {
        let mut settings = connection.transport_settings()?;
        let seen = seen.clone();
        settings.tls.observe_certificates(move |name, der| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), der.to_owned()));
        });
        let transport = connection.transport.build(&settings)?;
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.clone();
        let Ok(response) = tokio::time::timeout(limit, transport.send(request)).await else {
            return Ok(Outcome::TimedOut);
        };
        let (head, _) = response?.into_parts();
        let received_at = Now::system().wall();
        Ok(Outcome::Answered {
            version: head.version,
            status: head.status,
            headers: head.headers,
            received_at,
        })
    }
}

/// The name of each server whose certificate was seen, and the certificate in DER.
type SeenCertificates = Mutex<Vec<(String, Vec<u8>)>>;

/// The stage of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Tunnel,
    Tls,
    Http,
}

/// The stage at which the exchange failed with `error`, or hung if there is no error. The TCP connection was
/// checked before.
pub(super) fn failed_stage(
    error: Option<&TransportError>,
    is_https: bool,
    has_tunnel: bool,
    has_certificate: bool,
) -> Stage {
    if !is_https {
        return Stage::Http;
    }
    let is_about_proxy = error.is_some_and(|error| error.to_string().contains("the proxy "));
    match error.map(TransportError::kind) {
        _ if has_tunnel && is_about_proxy => Stage::Tunnel,
        Some(TransportErrorKind::Tls) => Stage::Tls,
        // Nothing of TLS was seen: a tunnel that hangs cannot be told from a handshake that hangs.
        Some(TransportErrorKind::Connect) | None if has_tunnel && !has_certificate => Stage::Tunnel,
        _ if has_certificate => Stage::Http,
        _ => Stage::Tls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_follows_from_the_error_and_from_what_was_seen() {
        let connect = TransportError::connect("x");
        let proxy = TransportError::config("x").with_message("the proxy p:1 refused the login (407)");
        let closed = TransportError::closed("x");
        let refused = TransportError::refused_certificate("x");
        for (error, is_https, has_tunnel, has_certificate, stage) in [
            (Some(&closed), false, false, false, Stage::Http),
            (None, false, false, false, Stage::Http),
            (Some(&connect), true, false, false, Stage::Tls),
            (None, true, false, false, Stage::Tls),
            (None, true, false, true, Stage::Http),
            (Some(&closed), true, false, true, Stage::Http),
            (Some(&refused), true, false, true, Stage::Tls),
            (Some(&refused), true, true, true, Stage::Tls),
            (Some(&proxy), true, true, false, Stage::Tunnel),
            (Some(&connect), true, true, false, Stage::Tunnel),
            (None, true, true, false, Stage::Tunnel),
            (None, true, true, true, Stage::Http),
        ] {
            let found = failed_stage(error, is_https, has_tunnel, has_certificate);
            assert_eq!(found, stage, "{error:?} {is_https} {has_tunnel} {has_certificate}");
        }
    }
}
