//! `cg-auth token` where it succeeds.

use cg_auth_emulator::Emulator;
use serde_json::Value;

use crate::harness::{answering, block_on, emulator, file, http, stderr, stdout, token_at, token_from};

#[test]
fn raw_prints_the_token_and_a_newline_and_nothing_else() {
    let emulator = emulator();
    for transport in ["reqwest", "hyper"] {
        let output = token_from(&emulator).args(["--transport", transport]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
        let text = stdout(&output);
        let token = text.strip_suffix('\n').unwrap();
        assert_eq!(token.split('.').count(), 3, "a JWT has three parts");
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

#[test]
fn json_tells_what_is_known_about_the_token() {
    let emulator = emulator();
    let output = token_from(&emulator).args(["--format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 1);

    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let mut names: Vec<_> = printed.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "access_token",
            "base_url",
            "duration",
            "expires_at",
            "expires_in",
            "expiry_source",
            "user_principal_name",
        ]
    );
    assert_eq!(printed["expiry_source"], "jwt_claims");
    assert_eq!(printed["base_url"], emulator.base_url().as_str());
    assert_eq!(printed["user_principal_name"], emulator.credential().user_principal_name().as_str());
    let expires_in = printed["expires_in"].as_u64().unwrap();
    let duration = printed["duration"].as_u64().unwrap();
    assert!(expires_in <= duration && expires_in + 60 > duration, "{expires_in} of {duration}");
    assert!(printed["expires_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn json_says_null_where_the_end_is_unknown_or_has_no_four_digit_year() {
    for (duration, source, expires_in_is_null) in [
        ("0", "unknown", true),
        ("9223372036854775807", "unknown", true),
        ("999999999999", "duration", false),
    ] {
        let body =
            format!(r#"{{"isSuccess":true,"value":{{"access_token":"opaque","duration":{duration}}}}}"#);
        let url = answering(http("200 OK", "", &body));
        let output = token_at(&url).args(["--format", "json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(printed["expires_at"], Value::Null, "{duration}");
        assert_eq!(printed["expires_in"].is_null(), expires_in_is_null, "{duration}");
        assert_eq!(printed["expiry_source"], source, "{duration}");
        assert_eq!(printed["duration"].to_string(), duration);
    }
}

#[test]
fn every_setting_but_the_secret_file_can_come_from_the_environment_and_a_flag_wins() {
    let emulator = emulator();
    let mut command = token_from(&emulator);
    let output = command
        .env("CG_AUTH_BASE_URL", "http://127.0.0.1:1")
        .env("CG_AUTH_USER_PRINCIPAL_NAME", "nobody@example.com")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let credential = emulator.credential();
    let output = crate::harness::cg_auth()
        .arg("token")
        .env("CG_AUTH_BASE_URL", emulator.base_url().as_str())
        .env("CG_AUTH_USER_PRINCIPAL_NAME", credential.user_principal_name().as_str())
        .env("CG_AUTH_CLIENT_SECRET", credential.client_secret().expose_secret())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_root_certificate_of_ones_own_is_trusted_when_it_is_named() {
    let emulator = block_on(Emulator::builder().tls().start()).unwrap();
    let ca_file = file("emulator-root.pem", emulator.ca_pem().unwrap());
    for transport in ["reqwest", "hyper"] {
        let trusted = token_from(&emulator)
            .args(["--transport", transport, "--ca-file"])
            .arg(&ca_file)
            .output()
            .unwrap();
        assert_eq!(trusted.status.code(), Some(0), "{transport}: {}", stderr(&trusted));

        let refused = token_from(&emulator).args(["--transport", transport]).output().unwrap();
        assert_eq!(refused.status.code(), Some(5), "{transport}: {}", stderr(&refused));
        assert_eq!(stdout(&refused), "");
        assert!(stderr(&refused).contains("--ca-file"), "{}", stderr(&refused));
    }
}
