//! `cg-auth config`: each setting and where it comes from, the path of the file, and its profiles.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{cg_auth, emulator, file, stderr, stdout};

/// A configuration file for the test `name`, and beside it the file of a secret.
fn config(name: &str) -> PathBuf {
    let secret = file(&format!("shown-{name}-secret"), "canary-of-20-bytes!!\n");
    file(
        &format!("shown-{name}.toml"),
        format!(
            "default_profile = 'work'\n[profiles.work]\nbase_url = 'commercial'\nuser_principal_name = 'a@b'\n\
             client_secret_file = '{}'\nretries = 7\n[profiles.lab]\nbase_url = 'https://lab.example'\n",
            secret.display()
        ),
    )
}

fn shown(output: &std::process::Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
    let text = stdout(output);
    assert!(!text.contains("canary") && !stderr(output).contains("canary"), "{text}");
    text
}

#[test]
fn each_setting_is_shown_with_its_flag_variable_or_profile_and_file() {
    let config = config("origins");
    let mut command = cg_auth();
    command.args(["config", "show", "--timeout", "5s", "--config"]).arg(&config);
    command
        .env("CG_AUTH_TRANSPORT", "hyper")
        .env("CG_AUTH_STORE", "file:/var/a")
        .env("CG_AUTH_PROXY", "http://u:canary@p.example:3128");
    let text = shown(&command.output().unwrap(), 0);
    let place = format!("(profile \"work\" in {})", config.display());
    let secret = config.with_file_name("shown-origins-secret");
    for line in [
        format!("configuration file: {} (--config)", config.display()),
        "profile: work (default_profile)".to_owned(),
        format!("base URL: https://go-api.avepointonlineservices.com {place}"),
        format!("user principal name: a@b {place}"),
        format!("client secret: set, 20 bytes, in {} {place}", secret.display()),
        "CA file: not set".to_owned(),
        "proxy: http://p.example:3128/ with a login (CG_AUTH_PROXY)".to_owned(),
        "allow http: no (default)".to_owned(),
        "transport: hyper (CG_AUTH_TRANSPORT)".to_owned(),
        "timeout: 5s (--timeout)".to_owned(),
        format!("retries: 7 {place}"),
        "store: file:/var/a (CG_AUTH_STORE)".to_owned(),
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
    let object = shown(&command.args(["-o", "json"]).output().unwrap(), 0);
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!(object["profile"], "work");
    assert_eq!(object["config_file"]["exists"], true);
    let setting = |key: &str| {
        let settings = object["settings"].as_array().unwrap();
        settings.iter().find(|setting| setting["setting"] == key).unwrap().clone()
    };
    assert_eq!(setting("timeout")["origin"], "flag");
    assert_eq!(setting("transport")["name"], "CG_AUTH_TRANSPORT");
    assert_eq!(setting("retries")["file"], config.display().to_string());
    assert_eq!(setting("client_secret")["value"], format!("set, 20 bytes, in {}", secret.display()));
}

#[test]
fn v_logs_the_same_lines() {
    let config = config("log");
    let emulator = emulator();
    let arguments = ["--base-url", emulator.base_url().as_str(), "--config", config.to_str().unwrap()];
    let show = shown(&cg_auth().args(["config", "show"]).args(arguments).output().unwrap(), 0);
    let output = cg_auth().args(["token", "-v", "--retries", "7"]).args(arguments).output().unwrap();
    let log = stderr(&output);
    for line in show.lines().filter(|line| !line.starts_with("retries")) {
        assert!(log.contains(&format!(" DEBUG cg_auth::settings: {line}\n")), "{line}\n{log}");
    }
    assert!(log.contains("retries: 7 (--retries)\n") && !log.contains("canary"), "{log}");
}

#[test]
fn missing_settings_are_shown_with_the_ways_to_set_them() {
    let text = shown(&cg_auth().args(["config", "show"]).output().unwrap(), 0);
    assert!(text.contains("base URL: not set; use --base-url, set CG_AUTH_BASE_URL, or "), "{text}");
    assert!(text.contains("client secret: not set; set CG_AUTH_CLIENT_SECRET or "), "{text}");
    assert!(text.contains("timeout: 1m 40s (default)\n"), "{text}");

    let object = shown(&cg_auth().args(["config", "show", "--format", "json"]).output().unwrap(), 0);
    let object: Value = serde_json::from_str(&object).unwrap();
    let base_url = &object["settings"][0];
    assert_eq!((&base_url["setting"], &base_url["value"]), (&json!("base_url"), &Value::Null));
    assert!(base_url["ways"].as_str().unwrap().contains("--base-url"), "{base_url}");
}

#[test]
fn a_value_that_cannot_be_used_is_shown_without_being_quoted() {
    let mut command = cg_auth();
    command.args(["config", "show", "--base-url", "https://user:canary@example.com"]);
    command
        .env("CG_AUTH_TIMEOUT", "canary")
        .env("CG_AUTH_STORE", "canary")
        .env("CG_AUTH_USER_PRINCIPAL_NAME", "two canary");
    let text = shown(&command.output().unwrap(), 2);
    for line in [
        "base URL: unusable: ",
        "user principal name: unusable: ",
        "timeout: unusable: CG_AUTH_TIMEOUT: ",
        "store: unusable: CG_AUTH_STORE: expected none, file",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_command_is_not_run_and_a_pipe_is_not_read() {
    let marker = file("shown-marker", "");
    std::fs::remove_file(&marker).unwrap();
    let config = file(
        "shown-command.toml",
        format!(
            "[profiles.command]\nclient_secret_command = ['touch', '{0}']\n\
             [profiles.input]\nclient_secret_file = '-'\n[profiles.device]\nclient_secret_file = '/dev/tty'\n",
            marker.display()
        ),
    );
    for (profile, value) in [
        ("command", "client secret: from the command touch, not run ("),
        ("input", "client secret: from standard input, not read ("),
        ("device", "client secret: in /dev/tty, not read, because it is not a regular file ("),
    ] {
        let mut command = cg_auth();
        command.args(["config", "show", "--profile", profile, "--config"]).arg(&config);
        let text = shown(&command.write_stdin("canary").output().unwrap(), 0);
        assert!(text.contains(value), "{text}");
    }
    assert!(!marker.exists());
}

#[test]
fn the_path_is_that_of_the_flag_else_the_variable_else_the_default() {
    let config = config("path");
    let path = |flag: Option<&str>, variable: Option<&str>| {
        let mut command = cg_auth();
        command.args(["config", "path"]).args(flag.iter().flat_map(|path| ["--config", path]));
        command.envs(variable.map(|path| ("CG_AUTH_CONFIG", path)));
        let output = command.output().unwrap();
        (shown(&output, 0).trim_end().to_owned(), stderr(&output))
    };
    let existing = config.to_str().unwrap();
    assert_eq!(path(Some(existing), Some("/other")), (existing.to_owned(), String::new()));
    let (missing, warning) = path(None, Some("/does/not/exist.toml"));
    assert_eq!(missing, "/does/not/exist.toml");
    assert!(warning.starts_with("warning: this file does not exist"), "{warning}");
    #[cfg(unix)]
    assert!(path(None, None).0.ends_with("/.config/cg-auth/config.toml"));

    let output = cg_auth().args(["config", "path", "-o", "json", "--config", existing]).output().unwrap();
    let object: Value = serde_json::from_str(&shown(&output, 0)).unwrap();
    assert_eq!(object, json!({"version": 1, "path": existing, "exists": true, "origin": "--config"}));
}

#[test]
fn the_profiles_are_listed_with_a_star_at_the_default() {
    let config = config("profiles");
    let text = shown(&cg_auth().args(["config", "profiles", "--config"]).arg(&config).output().unwrap(), 0);
    let commercial = "https://go-api.avepointonlineservices.com";
    assert_eq!(
        text,
        format!(
            "  lab   https://lab.example{}  no user principal name\n* work  {commercial}  a@b\n",
            " ".repeat(commercial.len() - "https://lab.example".len())
        )
    );
    let mut command = cg_auth();
    command.args(["config", "profiles", "--format", "json", "--config"]).arg(&config);
    let object: Value = serde_json::from_str(&shown(&command.output().unwrap(), 0)).unwrap();
    assert_eq!(object["default_profile"], "work");
    assert_eq!(object["profiles"][1]["user_principal_name"], "a@b");
    assert_eq!(object["profiles"][0]["is_default"], false);

    let none = cg_auth().args(["config", "profiles"]).output().unwrap();
    assert!(stderr(&none).contains("does not exist"), "{}", stderr(&none));
    assert_eq!(shown(&none, 0), "");
}

#[test]
fn a_password_in_a_profile_is_not_listed() {
    let config = file("listed.toml", "[profiles.p]\nbase_url = 'https://user:canary@example.com'\n");
    let mut command = cg_auth();
    command.args(["config", "profiles", "--config"]).arg(&config);
    assert!(shown(&command.output().unwrap(), 0).contains("  p  unusable: the base URL "));

    let config = file("listed-secret.toml", "[profiles.p]\nclient_secret = 'canary'\n");
    for command in ["show", "profiles"] {
        let output = cg_auth().args(["config", command, "--config"]).arg(&config).output().unwrap();
        assert_eq!(shown(&output, 2), "");
    }
}

#[test]
fn a_configuration_file_that_cannot_be_used_is_an_error() {
    let config = file("shown-broken.toml", "broken");
    for command in ["show", "profiles"] {
        let output = cg_auth().args(["config", command, "--config"]).arg(&config).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("invalid TOML at line 1"), "{}", stderr(&output));
    }
    assert_eq!(cg_auth().arg("config").output().unwrap().status.code(), Some(2));
}
