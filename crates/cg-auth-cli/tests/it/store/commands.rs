//! `cg-auth store`, and what other commands tell of the store and do to it.

use std::{fs, time::Duration};

use cg_auth_emulator::Operation;
use serde_json::{Value, json};

use super::{Folder, Place, assert_shows_no_secret, issued};
use crate::{
    harness::{chmod, emulator, stderr, stdout},
    terminal::at_terminal,
};

fn show(folder: &Folder, emulator: &cg_auth_emulator::Emulator) -> Value {
    let output = folder.command(emulator, &["store", "show", "--format", "json"]).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert_shows_no_secret(&output, emulator);
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[test]
fn show_tells_lifetimes_lease_and_cool_down_and_takes_no_lease() {
    let (emulator, folder) = (emulator(), Folder::new());
    let empty = show(&folder, &emulator);
    assert_eq!(
        empty,
        json!({
            "version": 1, "store": folder.setting(), "user_principal_name": "someone@example.com",
            "base_url": emulator.base_url().as_str(), "token": null, "nothing_newer": false, "lease": null,
            "cool_down": null, "failures": 0, "unreadable": false,
        })
    );
    assert!(!folder.path().exists(), "a look leaves no trace");

    folder.take_lease(&emulator, Duration::from_secs(50));
    let held = show(&folder, &emulator);
    assert!(held["lease"]["ends_in"].as_u64().is_some_and(|left| left < 50), "{held}");
    let cleared = folder.command(&emulator, &["store", "clear", "--yes"]).output().unwrap();
    assert_eq!(cleared.status.code(), Some(0), "{}", stderr(&cleared));
    assert_eq!(show(&folder, &emulator), empty);

    let token = folder.token(&emulator, &[]);
    let kept = show(&folder, &emulator);
    let left = kept["token"]["expires_in"].as_u64().unwrap();
    assert!((3000..3600).contains(&left), "{kept}");
    // Claims and `Date` count whole seconds, and the answer may come in the next one.
    let lifetime = kept["token"]["lifetime"].as_u64().unwrap();
    assert!((3540..=3600).contains(&lifetime) && kept["lease"].is_null(), "{kept}");
    let expires_at = kept["token"]["expires_at"].as_str().unwrap();
    assert!(humantime::parse_rfc3339(expires_at).is_ok(), "{kept}");
    assert_eq!(folder.token(&emulator, &[]), token, "the look has changed nothing");
    assert_eq!(issued(&emulator), 1);

    let human = folder.command(&emulator, &["store", "show"]).output().unwrap();
    let text = stdout(&human);
    assert_shows_no_secret(&human, &emulator);
    for line in [
        format!("store: {} (CG_AUTH_STORE)\n", folder.setting()),
        format!(
            "user: someone@example.com at {}\n",
            emulator.base_url().as_str().trim_start_matches("http://")
        ),
        "token: expires in 5".to_owned(),
        "), of a lifetime of ".to_owned(),
        "lease: none\ncool-down: none\n".to_owned(),
    ] {
        assert!(text.contains(&line), "{line}: {text}");
    }
}

#[test]
fn show_tells_of_a_failure_and_of_an_entry_that_cannot_be_read() {
    let (emulator, folder) = (emulator(), Folder::new());
    let down = emulator.next(Operation::GetDelegateAccessToken).always().refuse(400);
    folder.command(&emulator, &["token", "--retries", "0"]).output().unwrap();
    drop(down);
    let cooling = show(&folder, &emulator);
    let cool_down = &cooling["cool_down"];
    assert_eq!((&cool_down["kind"], &cool_down["status"]), (&json!("api"), &json!(400)), "{cooling}");
    assert_eq!((&cool_down["recovery"], &cool_down["failures"]), (&json!("replace_credential"), &json!(1)));
    assert!(cool_down["ends_in"].as_u64().is_some_and(|left| left <= 60), "{cooling}");

    for file in fs::read_dir(folder.path()).unwrap() {
        fs::write(file.unwrap().path(), "canary").unwrap();
    }
    let damaged = show(&folder, &emulator);
    assert_eq!((&damaged["unreadable"], &damaged["cool_down"]), (&json!(true), &Value::Null), "{damaged}");
    let output = folder.command(&emulator, &["token", "-v"]).output().unwrap();
    assert!(stdout(&output).starts_with("eyJ"), "{}", stderr(&output));
    assert!(stderr(&output).contains("store_entry_unreadable"), "{}", stderr(&output));
}

#[test]
fn without_a_store_the_command_names_the_ways_to_set_one() {
    let emulator = emulator();
    for arguments in [&["store", "show"][..], &["store", "clear", "--yes"], &["store", "show", "--no-store"]]
    {
        let output = crate::harness::with_emulator(&emulator, arguments).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
        let text = "error: no store; use --store, set CG_AUTH_STORE, or add store to a profile\n";
        assert_eq!(stderr(&output), text);
    }
}

#[test]
fn clear_asks_at_a_terminal_and_needs_yes_without_one() {
    let (emulator, folder) = (emulator(), Folder::new());
    folder.token(&emulator, &[]);
    let output = folder.command(&emulator, &["store", "clear"]).write_stdin("y\n").output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
    let shown = stderr(&output);
    assert!(shown.contains("no terminal to confirm on; pass --yes"), "{shown}");
    assert!(shown.contains("Usage: cg-auth store clear"), "{shown}");
    assert!(!show(&folder, &emulator)["token"].is_null());

    let secret = emulator.credential().client_secret().expose_secret();
    let secret = crate::harness::file("store-secret", secret);
    let arguments = format!(
        "cg-auth store clear --store '{}' --client-secret-file '{}'",
        folder.setting(),
        secret.display()
    );
    for (typed, code, is_cleared) in [("n\r", 1, false), ("\r", 1, false), ("y\r", 0, true)] {
        let Some((shown, ended)) = at_terminal(&emulator, &arguments, "[y/N] ", typed) else { return };
        assert_eq!(ended, Some(code), "{shown}");
        assert!(shown.contains("Remove the token of someone@example.com at http://127.0.0.1"), "{shown}");
        assert_eq!(shown.contains("cancelled; nothing was deleted"), !is_cleared, "{shown}");
        assert_eq!(show(&folder, &emulator)["token"].is_null(), is_cleared, "{shown}");
    }
}

#[test]
fn deleting_the_cache_of_the_service_removes_the_entry() {
    let (emulator, folder) = (emulator(), Folder::new());
    let first = folder.token(&emulator, &[]);
    let output = folder.command(&emulator, &["delete-token-cache", "--yes"]).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert!(show(&folder, &emulator)["token"].is_null());
    assert_ne!(folder.token(&emulator, &[]), first);

    chmod(&folder.path(), 0o755);
    let output = folder.command(&emulator, &["delete-token-cache", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "the cache of the service was deleted");
    let warning = "warning: the token stays in the store: cannot use the store file:";
    assert!(stderr(&output).starts_with(warning), "{}", stderr(&output));
}

#[test]
fn v_logs_the_events_of_the_store_and_neither_secret_nor_token() {
    let (emulator, folder) = (emulator(), Folder::new());
    folder.seed(&emulator, "canary-of-another-process", 3600, 3600);
    let output = folder.command(&emulator, &["token", "-v"]).output().unwrap();
    let log = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("token_adopted reason=missing"), "{log}");
    assert!(log.contains(&format!("store: {} (CG_AUTH_STORE)", folder.setting())), "{log}");
    let secret = emulator.credential().client_secret().expose_secret();
    assert!(!log.contains("canary") && !log.contains(secret), "{log}");
    assert!(!super::contents(&folder.path()).contains("canary"));
}

#[test]
fn doctor_checks_that_the_store_can_be_used_and_leaves_nothing_in_it() {
    let (emulator, folder) = (emulator(), Folder::new());
    let doctor = || {
        let mut command = folder.command(&emulator, &["doctor", "--format", "json"]);
        let output = command.output().unwrap();
        assert_shows_no_secret(&output, &emulator);
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let checks = report["checks"].as_array().unwrap();
        let store = checks.iter().find(|check| check["name"] == "store").unwrap().clone();
        (output.status.code(), store)
    };
    let (code, store) = doctor();
    assert_eq!((code, &store["status"]), (Some(0), &json!("ok")), "{store}");
    assert!(store["facts"]["latency_ms"].is_u64(), "{store}");
    assert!(store["detail"].as_str().unwrap().starts_with(&folder.setting()), "{store}");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, [".lock"]);

    chmod(&folder.path(), 0o750);
    let (code, store) = doctor();
    assert_eq!((code, &store["status"]), (Some(2), &json!("failed")), "{store}");
    assert!(store["detail"].as_str().unwrap().contains("other users can reach the folder"), "{store}");
    assert_eq!(store["fix"], format!("run: chmod 700 '{}'", folder.path().display()));

    let without = crate::harness::with_emulator(&emulator, &["doctor"]).output().unwrap();
    assert!(!stdout(&without).contains(" store: "), "{}", stdout(&without));
}
