//! The number of retries, and the lines about them.

use cg_auth_emulator::{Emulator, Operation};
use serde_json::Value;

use crate::harness::{emulator, file, stderr, with_emulator};

fn refusing(status: u16) -> (Emulator, cg_auth_emulator::ScriptGuard) {
    let emulator = emulator();
    let guard = emulator.next(Operation::GetDelegateAccessToken).always().refuse(status);
    (emulator, guard)
}

#[test]
fn the_number_comes_from_the_flag_else_the_variable_else_the_profile() {
    let (emulator, _guard) = refusing(503);
    let config = file("retries.toml", "[profiles.p]\nretries = 1\n");
    for (flag, variable, profile, attempts) in [
        (None, None, None, 3),
        (None, None, Some("p"), 2),
        (None, Some("0"), Some("p"), 1),
        (None, Some("0"), None, 1),
        (Some("1"), Some("0"), None, 2),
        (Some("0"), None, Some("p"), 1),
    ] {
        let mut command = with_emulator(&emulator, &["token", "--error-format", "json", "--config"]);
        command.arg(&config).envs(variable.map(|number| ("CG_AUTH_RETRIES", number)));
        command.args(flag.iter().flat_map(|number| ["--retries", number]));
        command.args(profile.iter().flat_map(|name| ["--profile", name]));
        let output = command.output().unwrap();
        let last = stderr(&output).lines().last().unwrap().to_owned();
        let error: Value = serde_json::from_str(&last).unwrap();
        assert_eq!(error["error"]["attempts"], attempts, "{flag:?} {variable:?} {profile:?}");
    }
    for unusable in ["11", "-1", "canary"] {
        let mut command = with_emulator(&emulator, &["token"]);
        let output = command.env("CG_AUTH_RETRIES", unusable).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains("CG_AUTH_RETRIES: expected a whole number from 0 to 10"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_retry_is_a_line_with_v_and_none_in_a_log_without_it() {
    let (emulator, _guard) = refusing(429);
    for transport in ["reqwest", "hyper"] {
        let mut command = with_emulator(&emulator, &["token", "--transport", transport, "--retries", "1"]);
        let quiet = stderr(&command.output().unwrap());
        assert!(!quiet.contains("next attempt"), "{quiet}");
        let loud = stderr(&command.arg("-v").output().unwrap());
        assert_eq!(loud.matches("retry: 429, next attempt in ").count(), 1, "{loud}");
        let json = stderr(&command.args(["--error-format", "json"]).output().unwrap());
        let line = json.lines().find(|line| line.starts_with("{\"retry\"")).unwrap();
        let retry: Value = serde_json::from_str(line).unwrap();
        assert!(retry["retry"].as_str().unwrap().starts_with("429, next attempt in "), "{json}");
    }
    let mut unreachable = with_emulator(&emulator, &["token", "-v", "--retries", "1"]);
    let output = unreachable.args(["--base-url", "http://127.0.0.1:1"]).output().unwrap();
    let text = stderr(&output);
    let line = "retry: cannot reach 127.0.0.1:1: connection refused, next attempt in ";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("(after 2 attempts)"), "{text}");
}
