//! The settings of the suite as those that the transports of this workspace share.

use std::sync::LazyLock;

use cg_auth_conformance::{Settings, servers::authority::Authority};
use cg_auth_transport_util::{Http2, TransportSettings};

use crate::defect::Defect;

/// The certificates to trust, of an authority that has signed none if the suite names none.
pub(crate) fn roots(settings: &Settings) -> &str {
    settings.root_certificates.as_deref().unwrap_or_else(|| UNUSED.pem())
}

pub(crate) fn of_transport(defect: Option<Defect>, settings: &Settings) -> TransportSettings {
    let http2 = match defect {
        Some(Defect::IgnoresPriorKnowledge) => Http2::Negotiated,
        Some(Defect::OffersNoHttp2) if !settings.http2_prior_knowledge => Http2::Off,
        _ if settings.http2_prior_knowledge => Http2::PriorKnowledge,
        _ => Http2::Negotiated,
    };
    let mut all = TransportSettings::new()
        .connect_timeout(settings.connect_timeout)
        .body_limit(settings.body_limit)
        .only_root_certificates_pem(roots(settings).as_bytes())
        .unwrap()
        .http2(http2)
        .no_proxy();
    if let Some(proxy) = &settings.proxy {
        all = all.proxy(proxy).unwrap();
    }
    if let Some(pem) =
        settings.client_certificate.as_ref().filter(|_| defect != Some(Defect::PresentsNoCertificate))
    {
        all = all.client_certificate_pem(pem.as_bytes()).unwrap();
    }
    all
}

static UNUSED: LazyLock<Authority> = LazyLock::new(Authority::new);
