//! The login to a Redis server, and the URL that may hold it.

use cg_auth_emulator::Emulator;
use serde_json::Value;

use super::{
    assert_shows_no_secret, issued,
    place::{Place, undisturbed},
    redis::Redis,
};
use crate::harness::{cg_auth, emulator, file, json_error, stderr, stdout, with_emulator};

#[test]
fn a_password_in_the_variable_opens_the_store_and_no_command_shows_it() {
    undisturbed(|| {
        let Some(redis) = Redis::with_password("canary-4f1d") else { return };
        let emulator = emulator();
        let token = redis.token(&emulator, &[]);
        assert_eq!(redis.token(&emulator, &["--transport", "hyper"]), token);
        assert_eq!(issued(&emulator), 1);
        for arguments in [
            &["store", "show"][..],
            &["store", "show", "-o", "json"],
            &["store", "show", "-v"],
            &["config", "show"],
            &["config", "show", "-o", "json"],
            &["doctor"],
            &["doctor", "-o", "json", "-v"],
            &["help", "environment"],
            &["token", "--help"],
            &["store", "clear", "--yes", "-v"],
        ] {
            let output = redis.command(&emulator, arguments).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
            assert_shows_no_secret(&output, &emulator);
        }
        let shown = stdout(&redis.command(&emulator, &["config", "show"]).output().unwrap());
        let line = format!("store: {} with a login (CG_AUTH_STORE)\n", redis.shown());
        assert!(shown.contains(&line), "{shown}");
        let log =
            stderr(&redis.command(&emulator, &["token", "-v"]).env("RUST_LOG", "trace").output().unwrap());
        assert!(log.contains(line.trim_end()) && log.contains("token_acquired"), "{log}");
        assert!(!log.contains("canary"), "{log}");
    });
}

#[test]
fn a_command_of_exec_gets_no_store_with_a_password() {
    undisturbed(|| {
        let Some(redis) = Redis::with_password("canary") else { return };
        let emulator = emulator();
        let output = redis.command(&emulator, &["exec", "--", "env"]).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        assert!(stdout(&output).contains("CG_AUTH_ACCESS_TOKEN=eyJ"), "{}", stdout(&output));
        assert!(!stdout(&output).contains("canary"), "{}", stdout(&output));
        assert!(redis.inspect(&emulator).token.is_some());
    });
}

#[test]
fn a_wrong_or_a_missing_password_costs_a_warning_that_names_the_way_out() {
    let Some(redis) = Redis::with_password("canary") else { return };
    let emulator = emulator();
    let wrong = redis.setting().replace("canary", "canary-too");
    let missing = redis.setting().replace(":canary@", "");
    for (url, problem) in [
        (&wrong, "refuses the user or the password of the URL"),
        (&missing, "wants a password; put USER:PASSWORD@ into the URL"),
    ] {
        let output = with_emulator(&emulator, &["token"]).env("CG_AUTH_STORE", url).output().unwrap();
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(stdout(&output).starts_with("eyJ"), "{shown}");
        assert!(shown.starts_with("warning: cannot share the token: "), "{shown}");
        assert!(!shown.contains("canary") && shown.lines().count() == 1, "{shown}");

        let mut command = with_emulator(&emulator, &["store", "show"]);
        let output = command.env("CG_AUTH_STORE", url).output().unwrap();
        let shown = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output)), (Some(5), String::new()), "{shown}");
        assert!(shown.contains(problem) && shown.contains(&redis.shown()), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

/// `cg-auth` and `arguments`, which must fail with exit code 2 before a request. Returns the message.
fn refused(emulator: &Emulator, arguments: &[&str], variable: &str) -> String {
    let mut command = with_emulator(emulator, arguments);
    let output = command.env("CG_AUTH_STORE", variable).output().unwrap();
    let shown = stderr(&output);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}: {shown}");
    assert!(!shown.contains("canary") && !shown.contains("someone:"), "{shown}");
    assert_eq!(issued(emulator), 0);
    shown
}

#[test]
fn a_password_in_the_flag_or_in_a_profile_is_refused() {
    let emulator = emulator();
    for url in ["rediss://someone:canary@host", "redis://:canary@localhost", "VALKEYS://a:canary@[::1]:1/2"] {
        for command in
            ["token", "exec", "proxy", "store show", "store clear --yes", "delete-token-cache --yes"]
        {
            let rest: &[&str] = match command {
                "exec" => &["--", "true"],
                "proxy" => &["--upstream", "http://127.0.0.1:1", "--", "true"],
                _ => &[],
            };
            let flag = ["--store", url];
            let arguments = [&command.split(' ').collect::<Vec<_>>()[..], &flag, rest].concat();
            let shown = refused(&emulator, &arguments, "");
            let expected = "do not pass a password in --store, other users can see it; set CG_AUTH_STORE";
            assert!(shown.contains(expected), "{shown}");
        }
        let config = file("store-password.toml", format!("[profiles.p]\nstore = '{url}'\n"));
        let arguments = ["token", "--profile", "p", "--config", config.to_str().unwrap()];
        let shown = refused(&emulator, &arguments, "");
        assert!(shown.contains("profiles.p.store: do not write a password into this file"), "{shown}");
        assert!(shown.contains("set CG_AUTH_STORE"), "{shown}");
        // In a profile that is not used it is a warning.
        let mut other = cg_auth();
        let output = other.args(["config", "profiles", "--config"]).arg(&config).output().unwrap();
        assert!(!(stdout(&output) + &stderr(&output)).contains("canary"));
    }
}

#[test]
fn a_plain_url_to_another_machine_needs_allow_http() {
    let emulator = emulator();
    // An address for documentation, at which nothing answers.
    let url = "redis://192.0.2.1";
    let profile = |allow_http: bool| {
        let text = format!("[profiles.p]\nstore = '{url}'\nallow_http = {allow_http}\n");
        file(&format!("plain-store-{allow_http}.toml"), text)
    };
    let (refusing, allowing) = (profile(false), profile(true));
    let refusing = ["--profile", "p", "--config", refusing.to_str().unwrap()];
    for (arguments, variable, origin) in [
        (&["--store", url][..], "", "(--store)"),
        (&[], "redis://:canary@192.0.2.1", "(CG_AUTH_STORE)"),
        (&refusing, "", "(profile \"p\" in "),
    ] {
        let shown = refused(&emulator, &[&["token"], arguments].concat(), variable);
        assert!(
            shown.contains("redis://192.0.2.1:6379/0 would get the password and the commands unencrypted"),
            "{shown}"
        );
        assert!(shown.contains("use rediss:, or pass --allow-http") && shown.contains(origin), "{shown}");
    }
    let allowing = ["--profile", "p", "--config", allowing.to_str().unwrap()];
    for arguments in [&["--store", url, "--allow-http"][..], &allowing] {
        let output = with_emulator(&emulator, &[&["token"], arguments].concat()).output().unwrap();
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(shown.starts_with("warning: cannot share the token: "), "{shown}");
        assert!(shown.contains("192.0.2.1:6379"), "{shown}");
    }
}

#[test]
fn a_url_that_cannot_be_used_is_a_wrong_setting_for_every_command() {
    let emulator = emulator();
    for (url, problem) in [
        ("redis://", "the Redis URL"),
        ("rediss://user:canary@", "the Redis URL"),
        ("rediss:canary", "is not a URL; expected rediss://"),
        ("rediss://someone@host", "has a user without a password"),
        ("rediss://a:can#ary@host", "the Redis URL"),
        ("redis://localhost/canary", "has a path that is no database number"),
        ("redis://localhost:99999", "is not a URL"),
        ("redis://:can ary@localhost", "holds white space"),
    ] {
        for arguments in
            [&["token"][..], &["exec", "--", "true"], &["store", "show"], &["store", "clear", "--yes"]]
        {
            let shown = refused(&emulator, arguments, url);
            assert!(shown.contains("CG_AUTH_STORE: ") && shown.contains(problem), "{url}: {shown}");
            assert!(!shown.contains("ary@"), "{shown}");
        }
        let mut command = with_emulator(&emulator, &["config", "show", "-o", "json"]);
        let output = command.env("CG_AUTH_STORE", url).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let store = printed["settings"].as_array().unwrap().iter().find(|line| line["setting"] == "store");
        assert!(store.unwrap()["problem"].as_str().unwrap().contains(problem), "{printed}");
        let mut command = with_emulator(&emulator, &["token", "--error-format", "json"]);
        let error = json_error(&command.env("CG_AUTH_STORE", url).output().unwrap());
        assert_eq!((&error["kind"], &error["recovery"]), (&"config".into(), &"fix_configuration".into()));
    }
}
