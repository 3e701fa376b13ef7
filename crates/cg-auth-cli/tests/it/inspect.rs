//! `cg-auth inspect`: offline, without verifying the token.

use serde_json::Value;

use crate::harness::{cg_auth, emulator, stderr, stdout, token_from};

fn token() -> String {
    stdout(&token_from(&emulator()).output().unwrap())
}

#[test]
fn a_person_sees_the_claims_and_that_nothing_was_verified() {
    let token = token();
    // No signature is verified, so each of these is accepted.
    for signature in ["", "x", "AAAA"] {
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        let mut command = cg_auth();
        let output =
            command.arg("inspect").write_stdin(format!("{unsigned}.{signature}\n")).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        let text = stdout(&output);
        for part in ["Nothing was verified", "expires in 59 minutes (", "upn", "someone@example.com", "HS256"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("eyJ"), "the token itself is not shown again");
    }
}

/// The output of `inspect` and the given arguments for `input`.
fn inspect(arguments: &[&str], input: impl Into<Vec<u8>>) -> std::process::Output {
    cg_auth().arg("inspect").args(arguments).write_stdin(input).output().unwrap()
}

#[test]
fn every_format_of_token_is_read_and_agrees_with_it() {
    let emulator = emulator();
    let printed = |format: &str| stdout(&token_from(&emulator).args(["--format", format]).output().unwrap());
    let (raw, json, env) = (printed("raw"), printed("json"), printed("env"));
    let object: Value = serde_json::from_str(&json).unwrap();
    let pretty = serde_json::to_string_pretty(&object).unwrap();
    let expected = stdout(&inspect(&["-o", "json"], raw.clone()));
    let claims: Value = serde_json::from_str(&expected).unwrap();
    // `token` cuts a second off, because claims count whole seconds.
    let difference =
        claims["expires_at_epoch"].as_i64().unwrap() - object["expires_at_epoch"].as_i64().unwrap();
    assert!((0..=2).contains(&difference), "{claims} {object}");
    assert_eq!(claims["claims"]["upn"], object["user_principal_name"]);
    for input in [
        format!("Bearer {raw}"),
        format!("\u{feff}  {raw}\r\n\r\n"),
        printed("header"),
        env.clone(),
        env.replace("export ", "").replace('\'', "\""),
        json.clone(),
        pretty,
        format!("{{\"access_token\":\"{}\"}}\n{json}", "a.b.c"),
    ] {
        let output = inspect(&["-o", "json"], input.clone());
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{input}");
        let read: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!((&read["claims"], &read["header"]), (&claims["claims"], &claims["header"]), "{input}");
    }
}

/// A token with these claims.
fn unsigned(claims: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

#[test]
fn a_token_that_is_not_valid_long_enough_has_an_exit_code_of_its_own() {
    let now =
        cg_auth_core::time::Now::system().wall().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let ahead = |seconds: u64| unsigned(&format!(r#"{{"exp":{}}}"#, now + seconds));
    for (token, option, code, problem) in [
        (ahead(3600), "--require-valid", 0, ""),
        (ahead(3600), "--require-valid=30m", 0, ""),
        (ahead(3600), "--require-valid=2h", 7, "--require-valid=2h asks for more"),
        (unsigned(r#"{"exp":1000}"#), "--require-valid", 7, "the token expired"),
        (unsigned(r#"{"exp":1000}"#), "--require-valid=1s", 7, "the token expired"),
        (unsigned("{}"), "--require-valid", 7, "nothing shows how long"),
        (
            unsigned(&format!(r#"{{"exp":{},"nbf":{}}}"#, now + 7200, now + 3600)),
            "--require-valid",
            7,
            "not valid yet",
        ),
        ("opaque".into(), "--require-valid", 2, "not a JWT"),
        (ahead(3600), "--require-valid=soon", 2, "--require-valid"),
    ] {
        let output = inspect(&[option], token.clone());
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{option} {text}");
        assert!(text.contains(problem) && !text.contains(&token), "{option} {text}");
        assert_eq!(stdout(&output).is_empty(), code == 2, "the claims are printed in any case");
    }
}

#[test]
fn json_holds_the_claims_and_the_expiry() {
    let output = cg_auth().args(["inspect", "--format", "json"]).write_stdin(token()).output().unwrap();
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(printed["verified"], false);
    assert_eq!(printed["expired"], false);
    assert_eq!(printed["claims"]["upn"], "someone@example.com");
    assert_eq!(printed["expires_at_epoch"], printed["claims"]["exp"]);
    assert!(printed["expires_in"].as_u64().unwrap() > 3500);
}

#[test]
fn input_that_is_not_a_jwt_is_an_error_that_does_not_quote_it() {
    let long = "canary".repeat(100_000);
    for input in [&b""[..], b"canary", b"canary.canary.canary", b"canary\xff\0", long.as_bytes()] {
        let output = cg_auth().args(["inspect", "--format", "json"]).write_stdin(input).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
        assert!(!stderr(&output).contains("canary"), "{}", stderr(&output));
    }
}
