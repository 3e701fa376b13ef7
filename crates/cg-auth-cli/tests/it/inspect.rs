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
