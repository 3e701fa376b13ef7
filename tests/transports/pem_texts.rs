//! Certificates and keys that cannot be used are config errors, which never quote them.

use cg_auth_core::transport::{TransportError, TransportErrorKind};
use cg_auth_tests::authority::Authority;
use cg_auth_transport_util::TransportSettings;
use macro_rules_attribute::apply;

use super::{
    messages::{assert_hides, secrets_of},
    subject::Configurable,
};

#[apply(own_transports)]
async fn a_text_without_a_root_certificate_is_a_config_error<T: Configurable>() {
    let identity = Authority::new().client();
    let private = secrets_of(&identity);
    for text in broken_texts().into_iter().chain([identity.key_pem()]) {
        let (extra, only) = (
            TransportSettings::new().extra_root_certificates_pem(text.as_bytes()),
            TransportSettings::new().only_root_certificates_pem(text.as_bytes()),
        );
        for refused in [extra, only] {
            assert_config_error::<T>(refused, &private);
        }
    }
}

#[apply(own_transports)]
async fn an_incomplete_client_certificate_is_a_config_error<T: Configurable>() {
    let (identity, other) = (Authority::new().client(), Authority::new().client());
    let private = [secrets_of(&identity), secrets_of(&other)].concat();
    let broken_key = identity.certificate_pem() + &in_pem("PRIVATE KEY", HUNTER2);
    let broken_certificate = in_pem("CERTIFICATE", HUNTER2) + &identity.key_pem();
    let incomplete = [
        identity.key_pem(),
        identity.certificate_pem(),
        identity.certificate_pem() + &other.key_pem(),
        broken_key,
        broken_certificate,
    ];
    for text in broken_texts().into_iter().chain(incomplete) {
        assert_config_error::<T>(TransportSettings::new().client_certificate_pem(text.as_bytes()), &private);
    }
}

/// Texts that are no PEM, or only look like it.
fn broken_texts() -> [String; 6] {
    [
        String::new(),
        "hunter2".to_owned(),
        "-----BEGIN CERTIFICATE-----\nhunter2".to_owned(),
        in_pem("CERTIFICATE", "hunter2, not base64"),
        in_pem("CERTIFICATE", HUNTER2),
        in_pem("CERTIFICATE REQUEST", HUNTER2),
    ]
}

/// Base64 of a text that is neither a certificate nor a key.
const HUNTER2: &str = "aHVudGVyMiBodW50ZXIyIGh1bnRlcjI=";

fn in_pem(label: &str, text: &str) -> String {
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// Asserts a config error from the setting or, at the latest, from building the transport.
fn assert_config_error<T: Configurable>(
    given: Result<TransportSettings, TransportError>,
    private: &[String],
) {
    let error = given.and_then(|settings| T::from_settings(&settings)).unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Config);
    assert_hides(&error, private);
    assert_hides(&error, &["hunter2", HUNTER2, "-----BEGIN"]);
}
