//! A secret in the environment reaches the service only: no log, no error and no argument holds it.

use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName};
use cg_auth_emulator::Emulator;
use cg_auth_tests::{
    http2::{GOAWAY, Http2},
    listener::Listener,
    tls::TlsServer,
};

use crate::harness::{
    answering, block_on, cg_auth, file, http, refresh_token_of, stderr, stdout, token_with_profile,
    with_emulator,
};

const CANARY: &str = "canary-4f1d";

fn emulator(is_tls: bool) -> Emulator {
    let credential = ApiCredential::new(
        ClientSecret::new(CANARY).unwrap(),
        UserPrincipalName::new("someone@example.com").unwrap(),
    );
    let builder = Emulator::builder().credential(credential);
    block_on(if is_tls { builder.tls() } else { builder }.start()).unwrap()
}

#[test]
fn the_log_holds_neither_secret_nor_token() {
    for is_tls in [false, true] {
        let emulator = emulator(is_tls);
        let ca_file = file("logged-ca.pem", emulator.ca_pem().unwrap_or_default());
        for transport in ["reqwest", "hyper"] {
            let refresh_token = || {
                let mut command =
                    with_emulator(&emulator, &["token", "--format", "json", "--with-refresh-token"]);
                let output =
                    if is_tls { command.env("CG_AUTH_CA_FILE", &ca_file) } else { &mut command }.output();
                let printed: serde_json::Value = serde_json::from_str(&stdout(&output.unwrap())).unwrap();
                printed["refresh_token"].as_str().unwrap().to_owned()
            };
            let token = refresh_token();
            for arguments in [&["token"][..], &["refresh"], &["delete-token-cache", "--yes"]] {
                let mut command = with_emulator(&emulator, arguments);
                command.args(["-v", "--transport", transport]).env("CG_AUTH_REFRESH_TOKEN", &token);
                if is_tls {
                    command.env("CG_AUTH_CA_FILE", &ca_file);
                }
                // RUST_LOG, which tracing-subscriber may read, must not raise the level.
                let output = command.env("RUST_LOG", "trace").output().unwrap();
                assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
                let log = stderr(&output);
                assert!(log.contains(&format!("transport: {transport} (--transport)")), "{log}");
                for secret in [CANARY, &token, "eyJ", "canary"] {
                    assert!(!log.contains(secret), "{arguments:?} {transport}: {log}");
                }
            }
        }
    }
}

#[test]
fn an_answer_that_echoes_the_request_in_its_headers_is_not_logged() {
    for transport in ["reqwest", "hyper"] {
        for status in ["200 OK", "400 Bad Request", "302 Found", "503 Service Unavailable"] {
            let headers =
                format!("x-echo: {CANARY}\r\nrequest-id: {CANARY}\r\nlocation: http://{CANARY}\r\n");
            for format in ["human", "json"] {
                let url = answering(http(status, &headers, &format!(r#"{{"message":["{CANARY}"]}}"#)));
                let mut command = cg_auth();
                command.args(["token", "-v", "--base-url", &url, "--upn", "a@b", "--transport", transport]);
                command
                    .args(["--error-format", format, "--timeout", "2s", "--retries", "0"])
                    .env("CG_AUTH_CLIENT_SECRET", CANARY);
                let output = command.output().unwrap();
                assert_ne!(output.status.code(), Some(0));
                assert!(!stderr(&output).contains(CANARY), "{status}: {}", stderr(&output));
            }
        }
    }
}

/// h2 logs the debug data of a GOAWAY at the level that `-v` shows of other crates.
#[test]
fn the_debug_data_of_a_goaway_is_not_logged() {
    for transport in ["reqwest", "hyper"] {
        let output = block_on(async {
            let listener = Listener::bind_tls_with(TlsServer::new().alpn(&[b"h2"])).await;
            let ca_file = file("goaway-ca.pem", listener.ca_pem().unwrap());
            let mut command = cg_auth();
            command
                .args(["token", "-v", "--base-url", listener.base_url().as_str(), "--upn", "a@b"])
                .args(["--transport", transport, "--retries", "0", "--ca-file"])
                .arg(ca_file)
                .env("CG_AUTH_CLIENT_SECRET", CANARY)
                .env("RUST_LOG", "trace");
            let command = tokio::task::spawn_blocking(move || command.output().unwrap());
            let mut http2 = Http2::accept(&listener).await;
            http2.request().await;
            let protocol_error = 1_u32.to_be_bytes();
            let echo = format!("bad header clientsecret: {CANARY}");
            let payload = [&[0; 4], &protocol_error, echo.as_bytes()].concat();
            http2.write(GOAWAY, 0, 0, &payload).await;
            http2.read_to_the_end().await;
            command.await.unwrap()
        });
        let log = stderr(&output);
        assert_ne!(output.status.code(), Some(0), "{log}");
        assert!(log.contains("PROTOCOL_ERROR"), "{log}");
        assert!(!log.contains(CANARY) && !log.contains("bad header"), "{transport}: {log}");
    }
}

#[test]
fn a_proxys_password_is_neither_used_nor_shown() {
    let emulator = emulator(false);
    let proxy = format!("http://user:{CANARY}@127.0.0.1:1");
    for transport in ["reqwest", "hyper"] {
        let mut command = with_emulator(&emulator, &["token", "-v", "--transport", transport]);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env(name, &proxy);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(!stderr(&output).contains(CANARY), "{}", stderr(&output));
    }
}

#[test]
fn no_error_shows_a_secret_of_the_environment_or_of_a_url() {
    let refresh_token = refresh_token_of(&emulator(false));
    for arguments in [
        &["token", "--nonsense"][..],
        &["token", "--format", "xml"],
        &["token", "--base-url", "https://user:canary-4f1d@example.com"],
        &["token", "--base-url", "http://127.0.0.1:1", "--upn", "a@b", "--retries", "0"],
        &["refresh", "--base-url", "http://127.0.0.1:1", "--upn", "a@b", "--retries", "0"],
        &["refresh", "--update"],
        &["delete-token-cache"],
        &["doctor", "--with-token", "--base-url", "http://127.0.0.1:1", "--upn", "a@b"],
        &["doctor", "-v"],
        &["config", "show", "-v", "--base-url", "https://user:canary-4f1d@example.com"],
        &["config", "profiles", "--config", "/does/not/exist"],
        &["inspect"],
        &["emulator", "--config", "/does/not/exist"],
        &["nonsense"],
        &[],
    ] {
        for format in ["human", "json"] {
            let mut command = cg_auth();
            command.args(arguments).env("CG_AUTH_ERROR_FORMAT", format).env("CG_AUTH_CLIENT_SECRET", CANARY);
            command.env("CG_AUTH_REFRESH_TOKEN", format!("{CANARY}{refresh_token}"));
            let output = command.output().unwrap();
            assert_ne!(output.status.code(), Some(0), "{arguments:?}");
            assert!(!stderr(&output).contains(CANARY), "{arguments:?}: {}", stderr(&output));
            assert!(!stdout(&output).contains(CANARY), "{arguments:?}: {}", stdout(&output));
        }
    }
}

/// Files are named in errors, and what they hold never is.
#[cfg(unix)]
#[test]
fn no_message_about_a_file_shows_what_it_holds() {
    let emulator = emulator(false);
    let token = refresh_token_of(&emulator);
    let path = file("canary-token", &token);
    let twin = path.with_file_name("canary-token-twin");
    let _ = std::fs::remove_file(&twin);
    std::fs::hard_link(&path, &twin).unwrap();
    let (path, out) = (path.to_str().unwrap(), file("canary-out", CANARY));
    let out = out.to_str().unwrap();
    for arguments in [
        &["token", "--output", out][..],
        &["token", "--output", out, "--refresh-token-out", "/dev/null"],
        &["token", "--output", path],
        &["token", "--output", out, "--min-lifetime", "99d"],
        &["token", "-o", "json", "--refresh-token-out", "/nowhere/x"],
        &["refresh", "--update", "--refresh-token-file", path],
    ] {
        for format in ["human", "json"] {
            let mut command = with_emulator(&emulator, arguments);
            let output = command.args(["-v", "--error-format", format]).output().unwrap();
            for secret in [CANARY, token.as_str(), "eyJ"] {
                assert!(!stderr(&output).contains(secret), "{arguments:?}: {}", stderr(&output));
                assert!(!stdout(&output).contains(secret), "{arguments:?}: {}", stdout(&output));
            }
        }
    }
    for input in
        ["canary-4f1d", "export CG_AUTH_ACCESS_TOKEN='canary-4f1d", "{\"access_token\":\"canary-4f1d\""]
    {
        let output =
            cg_auth().args(["inspect", "-v", "--require-valid"]).write_stdin(input).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(!stderr(&output).contains(CANARY), "{}", stderr(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_argument_of_any_process_holds_a_secret() {
    let arguments_of_both = "tr '\\0' ' ' </proc/$PPID/cmdline >&2; tr '\\0' ' ' </proc/$$/cmdline >&2";
    let config = file(
        "arguments.toml",
        format!(
            "[profiles.p]\nclient_secret_command = ['sh', '-c', '''{arguments_of_both}; env >&2; echo x''']\n"
        ),
    );
    let output = token_with_profile(&config).env("CG_AUTH_REFRESH_TOKEN", CANARY).output().unwrap();
    assert!(stderr(&output).contains("--profile p"), "{}", stderr(&output));
    assert!(!stderr(&output).contains(CANARY), "the command must not receive the refresh token");

    let script = format!("{arguments_of_both}; echo \"$CG_AUTH_CLIENT_SECRET\"");
    let output = cg_auth().args(["emulator", "--", "sh", "-c", &script]).output().unwrap();
    let secret = stdout(&output);
    assert!(!secret.trim().is_empty() && !stderr(&output).contains(secret.trim()), "{}", stderr(&output));
}
