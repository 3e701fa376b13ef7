//! Failures: the exit codes, and the two formats of an error.

use std::net::{Ipv4Addr, TcpListener};

use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName};
use cg_auth_emulator::{Emulator, Operation};
use serde_json::{Value, json};

use crate::harness::{
    answering, block_on, cg_auth, emulator, file, http, json_error, stderr, stdout, token_at, token_from,
};

#[test]
fn a_missing_setting_names_its_flag_and_its_variable() {
    for (given, flag, variable) in [
        (&[][..], "--base-url", "CG_AUTH_BASE_URL"),
        (&["--base-url", "commercial"][..], "--user-principal-name", "CG_AUTH_USER_PRINCIPAL_NAME"),
        (&["--base-url", "commercial", "--upn", "a@b"], "--client-secret-file", "CG_AUTH_CLIENT_SECRET"),
    ] {
        // An empty variable counts as unset.
        let output = cg_auth().arg("token").args(given).env(variable, "").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(stdout(&output), "");
        let text = stderr(&output);
        assert!(text.starts_with("error: ") && text.contains(flag) && text.contains(variable), "{text}");
    }
}

#[test]
fn all_missing_settings_are_told_at_once() {
    let config = file("missing.toml", "[profiles.p]\ntimeout = '5s'\n");
    for (more, way) in [
        (&[][..], "choose a profile with --profile".to_owned()),
        (&["--profile", "p"], format!("add base_url to the profile \"p\" in {}", config.display())),
    ] {
        let mut command = cg_auth();
        command.arg("token").arg("--config").arg(&config).args(more);
        let text = stderr(&command.output().unwrap());
        let first = "error: the base URL, the user principal name and the client secret are missing\n";
        assert!(text.starts_with(first), "{text}");
        for setting in ["  base URL: ", "  user principal name: ", "  client secret: "] {
            assert!(text.contains(setting), "{text}");
        }
        assert!(text.contains(&way) && text.contains("hint: cg-auth config show"), "{text}");
        let error = json_error(&command.args(["--error-format", "json"]).output().unwrap());
        let missing = error["missing"].as_array().unwrap();
        let settings: Vec<_> = missing.iter().map(|missing| missing["setting"].as_str().unwrap()).collect();
        assert_eq!(settings, ["base_url", "user_principal_name", "client_secret"]);
        assert!(missing[0]["ways"].as_str().unwrap().contains(&way), "{error}");
    }
    let two = cg_auth().args(["token", "--base-url", "commercial"]).output().unwrap();
    let first = "error: the user principal name and the client secret are missing\n";
    assert!(stderr(&two).starts_with(first), "{}", stderr(&two));
}

#[test]
fn a_refused_secret_is_named_by_its_file_and_profile() {
    let emulator = emulator();
    let secret = file("refused-secret", "canary-wrong");
    let config = file(
        "refused.toml",
        format!(
            "[profiles.p]\nclient_secret_file = '{}'\nbase_url = '{}'\nuser_principal_name = '{}'\n",
            secret.display(),
            emulator.base_url(),
            emulator.credential().user_principal_name()
        ),
    );
    let mut command = cg_auth();
    command.args(["token", "--profile", "p", "--config"]).arg(&config);
    let expected = format!("in {} (profile \"p\" in {})", secret.display(), config.display());
    let text = stderr(&command.output().unwrap());
    assert!(text.contains(&format!("  client secret: {expected}\n")), "{text}");
    assert!(text.contains(emulator.base_url().as_str().strip_prefix("http://").unwrap()), "{text}");
    let error = json_error(&command.args(["--error-format", "json"]).output().unwrap());
    assert_eq!(error["refused_secret"], expected);
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[test]
fn a_base_url_that_may_be_wrong_is_named_by_its_place() {
    let page = |status| answering(http(status, "content-type: text/html\r\n", "<html>"));
    let untrusted = block_on(Emulator::builder().tls().start()).unwrap();
    for (url, is_named) in [
        ("http://127.0.0.1:1".to_owned(), true),
        (page("403 Forbidden"), true),
        (page("200 OK"), true),
        (untrusted.base_url().to_string(), true),
        (answering(http("503 Service Unavailable", "", r#"{"code":"Busy"}"#)), false),
    ] {
        let profile = format!("[profiles.p]\nbase_url = '{url}'\nuser_principal_name = 'a@b'\nretries = 0\n");
        let config = file("doubtful.toml", profile);
        let mut command = cg_auth();
        command.args(["token", "--profile", "p", "--config"]).arg(&config);
        command.env("CG_AUTH_CLIENT_SECRET", "s3cret");
        let line = format!("  base URL: {url} (profile \"p\" in {})\n", config.display());
        let text = stderr(&command.output().unwrap());
        assert_eq!(text.contains(&line), is_named, "{url}: {text}");
        assert_eq!(text.contains("  base URL: "), is_named, "{url}: {text}");
    }
    let proxy = ["--proxy", "http://127.0.0.1:1", "--error-format", "json"];
    let mut command = token_at("https://example.com");
    let error = json_error(&command.args(proxy).output().unwrap());
    assert_eq!(error["base_url"], Value::Null, "{error}");
    assert_eq!(error["proxy"], "http://127.0.0.1:1/ (--proxy)", "{error}");
}

#[test]
fn an_error_about_a_file_or_a_proxy_names_it_and_its_setting() {
    let empty = file("empty-secret", "");
    let refresh = ["refresh", "--refresh-token-file", empty.to_str().unwrap()];
    for (arguments, setting, expected) in [
        (
            &["token"][..],
            format!("client_secret_file = '{}'", empty.display()),
            format!("is empty (in {}, PLACE)", empty.display()),
        ),
        (
            &["token"],
            "client_secret_command = ['true']".to_owned(),
            "is empty (from the command true, PLACE)".to_owned(),
        ),
        (&["token"], "ca_file = '/nowhere/ca.pem'".to_owned(), "from /nowhere/ca.pem (PLACE)".to_owned()),
        (&["token", "--proxy", ""], String::new(), "the proxy is not a URL (--proxy)".to_owned()),
        (
            &["token", "--base-url", "https://example.com"],
            "proxy = 'http://127.0.0.1:1'\nretries = 0".to_owned(),
            "  proxy: http://127.0.0.1:1/ (PLACE)".to_owned(),
        ),
        (&refresh, String::new(), format!("is empty (in {})", empty.display())),
    ] {
        let profile = "[profiles.p]\nbase_url = 'http://127.0.0.1:1'\nuser_principal_name = 'a@b'\n";
        let config = file("named.toml", format!("{profile}{setting}\n"));
        let mut command = cg_auth();
        command.args(arguments).args(["--profile", "p", "--config"]).arg(&config);
        if !setting.contains("client_secret") {
            command.env("CG_AUTH_CLIENT_SECRET", "s3cret");
        }
        let text = stderr(&command.output().unwrap());
        let place = format!("profile \"p\" in {}", config.display());
        assert!(text.contains(&expected.replace("PLACE", &place)), "{setting}: {text}");
    }
}

#[test]
fn an_unusable_setting_names_where_it_comes_from() {
    let config = file(
        "unusable.toml",
        "[profiles.p]\nbase_url = 'http://example.com'\nuser_principal_name = 'two words'\n\
         client_secret_file = '/dev/null'\n",
    );
    let place = format!("profile \"p\" in {})", config.display());
    for more in [
        &["--upn", "a@b"][..],
        &["--base-url", "http://127.0.0.1:1"],
        &["--base-url", "http://127.0.0.1:1", "--upn", "a@b"],
    ] {
        let mut command = cg_auth();
        command.args(["token", "--profile", "p", "--config"]).arg(&config).args(more);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let error = stderr(&output).lines().find(|line| line.starts_with("error: ")).unwrap().to_owned();
        assert!(error.ends_with(&place), "{more:?}: {error}");
    }
}

#[test]
fn an_unusable_setting_is_found_before_anything_is_sent() {
    let no_certificate = file("no-certificate.pem", "not a certificate");
    for args in [
        &["--base-url", "production"][..],
        &["--base-url", "http://example.com"],
        &["--upn", "two words"],
        &["--timeout", "0s"],
        &["--timeout", "soon"],
        &["--transport", "pigeon"],
        &["--format", "xml"],
        &["--ca-file", "/does/not/exist.pem"],
        &["--ca-file", no_certificate.to_str().unwrap()],
    ] {
        let mut command = cg_auth();
        command.args(["token", "--error-format", "json"]).args(args).env("CG_AUTH_CLIENT_SECRET", "s3cret");
        command.env("CG_AUTH_BASE_URL", "http://127.0.0.1:1").env("CG_AUTH_USER_PRINCIPAL_NAME", "a@b");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        let error = json_error(&output);
        assert!(error["kind"] == "usage" || error["kind"] == "config", "{args:?}: {error}");
        assert_eq!(error["attempts"], 0);
        assert_eq!(error["retryable"], false);
    }
}

#[test]
fn allow_http_permits_plain_http_beyond_loopback() {
    // Nothing listens at this address, so the call fails although the setting is accepted.
    let url = "http://0.0.0.0:1";
    let refused = token_at(url).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--allow-http"), "{}", stderr(&refused));

    let accepted = token_at(url).arg("--allow-http").output().unwrap();
    assert_eq!(accepted.status.code(), Some(5), "{}", stderr(&accepted));
}

#[test]
fn wrong_usage_is_reported_in_either_format() {
    let output = cg_auth().args(["token", "--nonsense"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Usage:"), "{}", stderr(&output));

    for json in [&["--error-format", "json"][..], &["--error-format=json"]] {
        let output = cg_auth().arg("token").args(json).arg("--nonsense").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let error = json_error(&output);
        assert_eq!(error["kind"], "usage");
        assert_eq!(error["message"], "unexpected argument '--nonsense' found");
    }
    assert_eq!(cg_auth().output().unwrap().status.code(), Some(2));
}

#[test]
fn the_error_format_comes_from_the_flag_else_the_variable_else_the_output_format() {
    for (arguments, variable, is_json) in [
        (&["--error-format", "human", "--format", "json"][..], "json", false),
        (&["--error-format", "json"], "human", true),
        (&["--format", "json"], "human", false),
        (&["--format", "json"], "", true),
        (&["--format", "raw"], "json", true),
        (&[], "", false),
    ] {
        // Once with missing settings, once with wrong arguments.
        for more in [&[][..], &["--nonsense"]] {
            let mut command = cg_auth();
            command.arg("token").args(arguments).args(more).env("CG_AUTH_ERROR_FORMAT", variable);
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(2));
            assert_eq!(stderr(&output).starts_with('{'), is_json, "{arguments:?} {variable} {more:?}");
        }
    }
    let output = cg_auth().arg("token").env("CG_AUTH_ERROR_FORMAT", "xml").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let messages = stderr(&output);
    assert!(messages.contains("CG_AUTH_ERROR_FORMAT: expected human or json"), "{messages}");
    assert!(!messages.contains("xml"), "{messages}");
}

#[test]
fn an_unusable_variable_is_ignored_if_the_error_format_flag_is_given() {
    for more in [&[][..], &["--nonsense"]] {
        let mut command = cg_auth();
        command.args(["token", "--error-format", "json"]).args(more).env("CG_AUTH_ERROR_FORMAT", "canary");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(json_error(&output)["kind"], if more.is_empty() { "config" } else { "usage" });
        assert!(!stderr(&output).contains("canary"), "{}", stderr(&output));
    }
}

#[test]
fn conflicting_arguments_show_the_usage_of_their_subcommand() {
    for (arguments, usage) in [
        (&["token", "--with-refresh-token"][..], "Usage: cg-auth token [OPTIONS]"),
        (&["delete-token-cache"], "Usage: cg-auth delete-token-cache [OPTIONS]"),
        (&["emulator", "--ca-out", "/does/not/exist"], "Usage: cg-auth emulator [OPTIONS]"),
    ] {
        let output = cg_auth().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(usage), "{}", stderr(&output));
    }
}

#[test]
fn v_may_be_given_more_than_once() {
    let output = cg_auth().args(["demo", "-vv", "--no-input"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_retry_after_of_more_than_a_year_is_shown_as_a_year() {
    let answer = || answering(http("429 Too Many Requests", "retry-after: 9007199254740993\r\n", "{}"));
    let human = token_at(&answer()).output().unwrap();
    assert!(stderr(&human).contains("retry after: 1year\n"), "{}", stderr(&human));
    let json = token_at(&answer()).args(["--error-format", "json"]).output().unwrap();
    assert_eq!(json_error(&json)["retry_after"], 31_557_600);
}

#[test]
fn a_refused_secret_is_an_api_error_with_a_hint() {
    let credential = ApiCredential::new(
        ClientSecret::new("another").unwrap(),
        UserPrincipalName::new("someone@example.com").unwrap(),
    );
    let emulator = block_on(Emulator::builder().credential(credential).start()).unwrap();
    let mut command = token_at(emulator.base_url().as_str());
    let human = command.output().unwrap();
    assert_eq!(human.status.code(), Some(3));
    assert!(stderr(&human).contains("hint: check the client secret"), "{}", stderr(&human));

    let error = json_error(&command.args(["--error-format", "json"]).output().unwrap());
    assert_eq!(error["kind"], "api");
    assert!(error["status"].as_u64().unwrap() >= 400);
    assert_eq!(error["recovery"], "replace_credential");
    assert_eq!(error["retryable"], false);
    assert_eq!(error["attempts"], 1);
    assert!(!error["messages"].as_array().unwrap().is_empty());
    assert!(error["request_id"].is_string());
    assert!(stderr(&human).contains("request id: "));
}

#[test]
fn a_page_of_a_firewall_or_a_login_never_asks_for_another_secret() {
    for (status, code) in [("403 Forbidden", 3), ("401 Unauthorized", 3), ("404 Not Found", 3), ("200 OK", 4)]
    {
        let page = || answering(http(status, "content-type: text/html\r\n", "<html><title>Sign in</title>"));
        let human = token_at(&page()).output().unwrap();
        assert_eq!(human.status.code(), Some(code), "{status}");
        let shown = stderr(&human);
        assert!(shown.contains("hint: check --base-url") && !shown.contains("secret"), "{status}: {shown}");
        let error = json_error(&token_at(&page()).args(["--error-format", "json"]).output().unwrap());
        assert_eq!(error["recovery"], "fix_configuration", "{status}");
        let message = error["message"].as_str().unwrap();
        assert_eq!(message.contains("firewall"), code == 3, "{message}");
    }
}

#[test]
fn a_failed_call_is_retried_as_often_as_retries_says() {
    for (retries, attempts) in [(None, 3), (Some("0"), 1), (Some("1"), 2)] {
        let emulator = emulator();
        let _outage = emulator.next(Operation::GetDelegateAccessToken).always().refuse(503);
        let mut command = token_from(&emulator);
        command.args(retries.map(|retries| format!("--retries={retries}")).as_slice());
        let human = stderr(&command.output().unwrap());
        let counted = human.contains(&format!("after {attempts} attempts"));
        assert_eq!(counted, attempts > 1, "{human}");
        let output = command.args(["--error-format", "json"]).output().unwrap();
        assert_eq!(json_error(&output)["attempts"], attempts, "{retries:?}");
        assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 2 * attempts);
    }
    let emulator = emulator();
    let _hiccup = emulator.next(Operation::GetDelegateAccessToken).drop_connection();
    token_from(&emulator).unwrap();
}

#[test]
fn the_object_of_an_error_has_all_its_members() {
    let body = r#"{"code":"Throttled","message":["slow down"],"requestId":"r-1"}"#;
    let url = answering(http("429 Too Many Requests", "retry-after: 7\r\n", body));
    let host = url.strip_prefix("http://").unwrap();
    let output = token_at(&url).args(["--error-format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        json_error(&output),
        json!({
            "kind": "api",
            "message": format!("the service answered 429 Too Many Requests ({host})"),
            "status": 429,
            "retryable": true,
            "recovery": "retry",
            "retry_after": 7,
            "request_id": "r-1",
            "code": "Throttled",
            "messages": ["slow down"],
            "headers": {"retry-after": "7", "content-length": "62"},
            "attempts": 1,
            "host": host,
            "base_url": null,
            "proxy": null,
            "refused_secret": null,
            "refused_refresh_token": null,
            "missing": [],
        })
    );
}

#[test]
fn the_text_of_a_rejection_is_escaped() {
    let body = r#"{"isSuccess":false,"errorMsg":"no\u001b[31m such\u009b user"}"#;
    let url = answering(http("200 OK", "", body));
    let output = token_at(&url).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let text = stderr(&output);
    assert!(text.contains(r"the service says: no\u{1b}[31m such\u{9b} user"), "{text}");

    let url = answering(http("200 OK", "", body));
    let output = token_at(&url).args(["--error-format", "json"]).output().unwrap();
    assert!(!stderr(&output).contains(['\u{1b}', '\u{9b}']));
    let error = json_error(&output);
    assert_eq!(error["kind"], "rejected");
    assert_eq!(error["status"], 200);
    assert_eq!(error["messages"], json!(["no\u{1b}[31m such\u{9b} user"]));
}

#[test]
fn the_exit_code_shows_how_far_the_call_got() {
    let closed = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for transport in ["reqwest", "hyper"] {
        for (url, code, kind, status) in [
            (answering(http("200 OK", "content-type: text/html\r\n", "<html>")), 4, "protocol", json!(200)),
            (
                answering(http("302 Found", "location: http://127.0.0.1:1/\r\n", "")),
                4,
                "protocol",
                json!(302),
            ),
            (answering(Some("SSH-2.0-x\r\n".into())), 5, "transport", Value::Null),
            (closed.clone(), 5, "transport", Value::Null),
            (answering(None), 6, "timeout", Value::Null),
        ] {
            let mut command = token_at(&url);
            command.args(["--transport", transport, "--timeout", if code == 6 { "300ms" } else { "30s" }]);
            let output = command.args(["--error-format", "json"]).output().unwrap();
            let error = json_error(&output);
            assert_eq!(output.status.code(), Some(code), "{transport} {kind}: {error}");
            assert_eq!(error["kind"], kind, "{transport}: {error}");
            let host = error["host"].as_str().unwrap();
            assert_eq!(error["message"].as_str().unwrap().matches(host).count(), 1, "{transport}: {error}");
            assert_eq!(error["status"], status, "{transport} {kind}: {error}");
            assert_eq!(stdout(&output), "");
        }
    }
}
