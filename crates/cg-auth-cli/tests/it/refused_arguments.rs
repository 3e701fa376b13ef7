//! No error about arguments shows a value that may be a secret.

use crate::harness::{cg_auth, json_error, stderr, stdout};

const CANARY: &str = "hunter2-canary";

#[test]
fn a_value_that_may_be_a_secret_is_not_echoed() {
    let with = |flag: &str| format!("{flag}={CANARY}");
    let cases: &[&[&str]] = &[
        &["token", CANARY],
        &["token", "--", CANARY],
        &[CANARY],
        &["token", "--client-secret", CANARY],
        &["--client-secret", CANARY],
        &["token", &with("--client-secret")],
        &["token", &with("--client_secret")],
        &["token", &with("--clientSecret")],
        &["token", &with("--password")],
        &["token", &with("--proxy-password")],
        &["token", &with("--access-token")],
        &["refresh", &with("--refresh-token")],
        &["refresh", "--refresh-token", CANARY],
        &["refresh", &with("--update")],
        &["token", &with("--watch")],
        &["token", "--format", CANARY],
        &["token", &with("--transport")],
        &["token", "--timeout", CANARY],
        &["token", "--timeout", "5hunter2-canary"],
        &["token", "--retries", CANARY],
        &["token", "--error-format", CANARY],
        &["token", "--hunter2-canary"],
        &["inspect", CANARY],
        &["config", CANARY],
        &["config", "show", CANARY],
        &["doctor", CANARY],
        &["emulator", CANARY],
        &["emulator", "--listen", CANARY],
        &["emulator", "--seed", CANARY],
        &["proxy", "--upstream", "https://a.example", "--port", CANARY],
        &["exec", CANARY],
        &["demo", CANARY],
        &["man", CANARY],
        &["completions", CANARY],
        &["help", CANARY],
        &["delete-token-cache", CANARY],
    ];
    for arguments in cases {
        for format in ["human", "json"] {
            let mut command = cg_auth();
            let output = command.args(*arguments).env("CG_AUTH_ERROR_FORMAT", format).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let shown = stderr(&output) + &stdout(&output);
            assert!(!shown.contains("hunter2") && !shown.contains("canary"), "{arguments:?}: {shown}");
            if format == "json" {
                assert_eq!(json_error(&output)["kind"], "usage", "{arguments:?}");
            } else if arguments[0] != "help" {
                assert!(shown.contains("Usage: cg-auth"), "{arguments:?}: {shown}");
            }
        }
    }
}

#[test]
fn the_error_says_why_no_argument_takes_a_secret_and_what_to_use() {
    const WHY: &str = "every process can read the arguments of every other process";
    for (arguments, way) in [
        (&["token", "hunter2"][..], "CG_AUTH_CLIENT_SECRET, --client-secret-file"),
        (&["token", "--client-secret", "hunter2"], "CG_AUTH_CLIENT_SECRET, --client-secret-file"),
        (&["--secret=hunter2"], "client_secret_command in a profile"),
        (&["refresh", "--refresh-token=hunter2"], "use CG_AUTH_REFRESH_TOKEN, or --refresh-token-file"),
        (&["token", "--proxy-password", "hunter2"], "put user:password into CG_AUTH_PROXY"),
        (&["inspect", "--token", "hunter2"], "cg-auth inspect reads a token from standard input"),
    ] {
        let text = stderr(&cg_auth().args(arguments).output().unwrap());
        assert!(text.contains(WHY) && text.contains(way), "{arguments:?}: {text}");
    }
}

#[test]
fn a_mistyped_flag_or_subcommand_still_gets_a_suggestion() {
    for (arguments, suggestion) in [
        (&["tokne"][..], "did you mean 'token'?"),
        (&["token", "--tiemout", "5s"], "--timeout"),
        (&["token", "--format", "jsno"], "expected raw, json, header, env"),
        (&["token", "--nonsense"], "unexpected argument '--nonsense' found"),
    ] {
        let text = stderr(&cg_auth().args(arguments).output().unwrap());
        assert!(text.contains(suggestion), "{arguments:?}: {text}");
    }
}

#[test]
fn a_short_value_leaves_the_words_of_the_message_whole() {
    for value in ["x", "a", "s", "e"] {
        let output = cg_auth().args(["token", "--timeout", value]).output().unwrap();
        let shown = stderr(&output);
        assert!(shown.contains("; expected a duration such as 5s or 250ms"), "{value}: {shown}");
    }
}

#[test]
fn a_missing_subcommand_is_told_without_the_hidden_ones() {
    for arguments in [&["--error-format", "json"][..], &["-v"], &["config", "-v"]] {
        let output = cg_auth().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let shown = stderr(&output) + &stdout(&output);
        assert!(shown.contains("a subcommand is missing; --help lists them"), "{arguments:?}: {shown}");
        assert!(!shown.contains("__candidates") && !shown.contains("exit-codes"), "{arguments:?}: {shown}");
    }
}
