//! Changes an error as a defect does.

use std::error::Error;

use cg_auth_core::{
    body::{Body, BodyCollector},
    causes::cause_chain,
    transport::{TransportError, TransportErrorKind as Kind},
};
use http::{Request, Response};

use crate::defect::Defect;

type Sent = Result<Response<Body>, TransportError>;

/// What a careless transport shows of a request.
pub(crate) fn shown(request: &Request<Body>) -> String {
    let values =
        request.headers().iter().map(|(name, value)| (name, String::from_utf8_lossy(value.as_bytes())));
    format!("{:?}", values.collect::<Vec<_>>())
}

pub(crate) fn alter(defect: Option<Defect>, sent: Sent, request: &str, proxy: Option<String>) -> Sent {
    let (Some(defect), Err(error)) = (defect, &sent) else { return sent };
    let cause = || Box::<dyn Error + Send + Sync>::from(cause_chain(error));
    let (is_sent, is_final) = (error.may_have_been_sent(), error.is_refused_certificate());
    let altered = match (defect, error.kind()) {
        (Defect::ConnectIsClosed, Kind::Connect) => TransportError::closed_before_sending(cause()),
        (Defect::ConnectIsSent, Kind::Connect) => TransportError::closed(cause()),
        (Defect::TlsIsConnect, Kind::Tls) if !is_final => TransportError::connect(cause()),
        (Defect::TlsIsFinal, Kind::Tls) => TransportError::refused_certificate(cause()),
        (Defect::RefusedCertificateMayPass, Kind::Tls) => TransportError::tls(cause()),
        (Defect::LossIsUnsent, Kind::Closed) => TransportError::closed_before_sending(cause()),
        (Defect::UnsentIsSent, Kind::Closed) if !is_sent => TransportError::closed(cause()),
        (Defect::ClosedIsMalformed, Kind::Closed) if is_sent => TransportError::malformed(cause()),
        (Defect::MalformedIsClosed, Kind::Malformed) => TransportError::closed(cause()),
        (Defect::TooLargeIsMalformed, Kind::TooLarge) => TransportError::malformed(cause()),
        (Defect::ConfigIsConnect, Kind::Config) => TransportError::connect(cause()),
        (Defect::ErrorsSayNothing, kind) => nothing_said(kind, is_sent, is_final),
        (Defect::ErrorsQuoteTheRequest, _) => error.clone().with_message(format!("{error} {request}")),
        (Defect::ErrorsQuoteTheProxy, _) => {
            let Some(proxy) = proxy else { return sent };
            error.clone().with_message(format!("{error} {proxy}"))
        }
        _ => return sent,
    };
    Err(altered)
}

/// An error with the same facts and no words of its own.
fn nothing_said(kind: Kind, is_sent: bool, is_final: bool) -> TransportError {
    const NOTHING: &str = "it failed";
    match kind {
        Kind::Config => TransportError::config(NOTHING),
        Kind::Tls if is_final => TransportError::refused_certificate(NOTHING),
        Kind::Tls => TransportError::tls(NOTHING),
        Kind::Closed if is_sent => TransportError::closed(NOTHING),
        Kind::Closed => TransportError::closed_before_sending(NOTHING),
        Kind::Malformed => TransportError::malformed(NOTHING),
        Kind::TooLarge => BodyCollector::new(0).push(b"x").unwrap_err().into(),
        _ => TransportError::connect(NOTHING),
    }
}
