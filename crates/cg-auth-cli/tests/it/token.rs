//! `cg-auth token`: its output formats.

use cg_auth_emulator::Emulator;
use serde_json::{Value, json};

use crate::harness::{
    answering, block_on, emulator, file, http, refresh_token_of, stderr, stdout, token_at, token_from,
};

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
fn json_holds_every_documented_member() {
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
            "expires_at_epoch",
            "expires_in",
            "expiry_source",
            "token_type",
            "user_principal_name",
            "version",
        ]
    );
    assert_eq!((&printed["version"], &printed["token_type"]), (&json!(1), &json!("Bearer")));
    assert_eq!(printed["expiry_source"], "jwt_claims");
    assert_eq!(printed["base_url"], emulator.base_url().as_str());
    assert_eq!(printed["user_principal_name"], emulator.credential().user_principal_name().as_str());
    let expires_in = printed["expires_in"].as_u64().unwrap();
    let duration = printed["duration"].as_u64().unwrap();
    assert!(expires_in <= duration && expires_in + 60 > duration, "{expires_in} of {duration}");
    let expires_at = humantime::parse_rfc3339(printed["expires_at"].as_str().unwrap()).unwrap();
    let epoch = expires_at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(printed["expires_at_epoch"], epoch);
}

#[test]
fn the_refresh_token_is_printed_on_demand_only_and_null_if_there_is_none() {
    let emulator = emulator();
    assert!(!refresh_token_of(&emulator).is_empty());
    let output = token_from(&emulator).arg("--with-refresh-token").output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));

    let url = answering(http("200 OK", "", r#"{"isSuccess":true,"value":{"access_token":"opaque"}}"#));
    let output = token_at(&url).args(["--format", "json", "--with-refresh-token"]).output().unwrap();
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(printed.get("refresh_token"), Some(&Value::Null));
}

#[test]
fn header_is_a_line_for_curl() {
    let output = token_from(&emulator()).args(["--format", "header"]).output().unwrap();
    let text = stdout(&output);
    assert!(text.starts_with("Authorization: Bearer eyJ") && text.ends_with('\n'), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_shell_reads_any_token_back_from_the_env_format() {
    let token = r#"it's $(a) `b` "c" \ !"#;
    let body = json!({"isSuccess": true, "value": {"access_token": token, "duration": 60}}).to_string();
    let output = token_at(&answering(http("200 OK", "", &body))).args(["--format", "env"]).output().unwrap();
    let script = format!(
        "{}printf '%s\\n' \"$CG_AUTH_ACCESS_TOKEN\"; sh -c 'echo $CG_AUTH_ACCESS_TOKEN_EXPIRES_AT'",
        stdout(&output)
    );
    let shell = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let read = stdout(&shell);
    let (first, expires_at) = read.split_once('\n').unwrap();
    assert_eq!(first, token);
    assert!(humantime::parse_rfc3339(expires_at.trim()).is_ok(), "{expires_at}");
}

#[test]
fn env_clears_an_unknown_expiry() {
    let url = answering(http("200 OK", "", r#"{"isSuccess":true,"value":{"access_token":"opaque"}}"#));
    let output = token_at(&url).args(["--format", "env"]).output().unwrap();
    let lines = "export CG_AUTH_ACCESS_TOKEN='opaque'\nexport CG_AUTH_ACCESS_TOKEN_EXPIRES_AT=''\n";
    assert_eq!(stdout(&output), lines);
}

#[test]
fn json_says_null_if_the_expiry_is_unknown_or_has_no_four_digit_year() {
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
fn a_root_certificate_is_trusted_if_ca_file_names_it() {
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
        let address = emulator.base_url().as_str().replace("https://", "");
        let problem = format!("error: the certificate of {address} is not trusted: unknown issuer; ");
        assert!(stderr(&refused).starts_with(&problem), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("--ca-file"), "{}", stderr(&refused));
    }
}

/// On Linux the platform's root certificates are those of a file, which this variable replaces.
#[cfg(target_os = "linux")]
#[test]
fn the_root_certificates_of_the_platform_are_trusted() {
    let emulator = block_on(Emulator::builder().tls().start()).unwrap();
    let roots = file("platform-roots.pem", emulator.ca_pem().unwrap());
    for transport in ["reqwest", "hyper"] {
        let token = |roots: Option<&std::path::Path>| {
            let mut command = token_from(&emulator);
            command.args(["--transport", transport]);
            if let Some(roots) = roots {
                command.env("SSL_CERT_FILE", roots);
            }
            command.output().unwrap()
        };
        let trusted = token(Some(roots.as_ref()));
        assert_eq!(trusted.status.code(), Some(0), "{transport}: {}", stderr(&trusted));
        assert_eq!(token(None).status.code(), Some(5), "{transport}");
    }
}
