//! PEM texts: root certificates, and a client certificate with its key.

use std::sync::LazyLock;

use cg_auth_core::{causes::cause_chain, transport::TransportErrorKind};
use cg_auth_transport_util::{Http2, Tls, TransportSettings};

/// The input is a PEM text, in which `@CERTIFICATE@` and `@KEY@` stand for the sections of a valid pair.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let text = text.replace("@CERTIFICATE@", &PAIR.0).replace("@KEY@", &PAIR.1);
    for pem in [text.as_bytes(), input] {
        accepted(pem);
    }
}

fn accepted(pem: &[u8]) {
    let twice = [pem, b"\n", pem].concat();
    let roots = |pem: &[u8]| TransportSettings::new().only_root_certificates_pem(pem);
    let extra = |pem: &[u8]| TransportSettings::new().extra_root_certificates_pem(pem);
    let client = |pem: &[u8]| roots(PAIR.0.as_bytes()).and_then(|roots| roots.client_certificate_pem(pem));
    assert_eq!(roots(pem).is_ok(), extra(pem).is_ok());
    if roots(pem).is_ok() {
        assert!(roots(&twice).is_ok(), "two readable texts are one");
    }
    for read in [roots(pem), client(pem)] {
        match read {
            Ok(settings) => {
                let shown = format!("{settings:?}");
                assert!(!shown.contains("CANARY") && !shown.contains("PRIVATE"), "{shown}");
                Tls::new(settings.tls, Http2::Negotiated).expect("an accepted text serves TLS");
            }
            Err(error) => {
                assert_eq!(error.kind(), TransportErrorKind::Config);
                let told = format!("{} {error:?}", cause_chain(&error));
                assert!(!told.contains("CANARY"), "{told}");
            }
        }
    }
}

/// A certificate and its private key, made for this run.
static PAIR: LazyLock<(String, String)> = LazyLock::new(|| {
    let pair = rcgen::generate_simple_self_signed(["service.example".to_owned()]).unwrap();
    (pair.cert.pem(), pair.signing_key.serialize_pem())
});
