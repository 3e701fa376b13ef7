//! The help texts and manual pages are as expected, and show no value from the environment.

use std::{fs, path::Path};

use crate::harness::{cg_auth, stdout};

const CANARY: &str = "canary-4f1d";

fn shown(arguments: &[&str]) -> String {
    let mut command = cg_auth();
    for variable in [
        "CG_AUTH_BASE_URL",
        "CG_AUTH_USER_PRINCIPAL_NAME",
        "CG_AUTH_CLIENT_SECRET",
        "CG_AUTH_REFRESH_TOKEN",
        "CG_AUTH_PROFILE",
        "CG_AUTH_CONFIG",
        "CG_AUTH_CA_FILE",
        "CG_AUTH_PROXY",
        "CG_AUTH_STORE",
        "CG_AUTH_CLIENT_SECRET_FILE",
    ] {
        command.env(variable, CANARY);
    }
    command.env("HTTPS_PROXY", format!("http://user:{CANARY}@127.0.0.1:1"));
    let output = command.args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    let text = stdout(&output);
    assert!(!text.is_empty() && !text.contains(CANARY) && !text.contains('\u{1b}'), "{arguments:?}: {text}");
    text
}

/// If `CG_AUTH_TEST_BLESS` is set, the current texts replace the expected ones.
#[test]
fn help_texts_and_manual_pages_are_as_expected() {
    for (name, arguments) in [
        ("cg-auth", &["--help"][..]),
        ("exec", &["exec", "--help"]),
        ("proxy", &["proxy", "--help"]),
        ("token", &["token", "--help"]),
        ("refresh", &["refresh", "--help"]),
        ("delete-token-cache", &["delete-token-cache", "--help"]),
        ("inspect", &["inspect", "--help"]),
        ("emulator", &["emulator", "--help"]),
        ("demo", &["demo", "--help"]),
        ("store", &["store", "--help"]),
        ("store-show", &["store", "show", "--help"]),
        ("store-clear", &["store", "clear", "--help"]),
        ("config", &["config", "--help"]),
        ("config-show", &["config", "show", "--help"]),
        ("config-path", &["config", "path", "--help"]),
        ("config-profiles", &["config", "profiles", "--help"]),
        ("doctor", &["doctor", "--help"]),
        ("exit-codes", &["help", "exit-codes"]),
        ("environment", &["help", "environment"]),
        ("completions", &["completions", "--help"]),
        ("man", &["man", "--help"]),
        ("page-cg-auth", &["man"]),
        ("page-exec", &["man", "exec"]),
        ("page-config-show", &["man", "config", "show"]),
    ] {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/help").join(name).with_extension("txt");
        // clap writes trailing blanks, which editors remove.
        let text: String = shown(arguments).lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        if std::env::var_os("CG_AUTH_TEST_BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        assert_eq!(text, expected, "{}", path.display());
    }
}

#[test]
fn short_help_completions_and_manual_pages_show_no_value_of_the_environment() {
    shown(&["-h"]);
    shown(&["--version"]);
    for command in [
        "exec",
        "proxy",
        "token",
        "refresh",
        "delete-token-cache",
        "inspect",
        "store",
        "config",
        "doctor",
        "emulator",
        "demo",
    ] {
        shown(&[command, "-h"]);
        shown(&["help", command]);
        assert!(shown(&["man", command]).contains(".TH"), "{command}");
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = shown(&["completions", shell]);
        // The other scripts ask the command itself.
        let is_generated = matches!(shell, "elvish" | "powershell");
        assert_eq!(script.contains("refresh-token-file"), is_generated, "{shell}");
    }
    let page = shown(&["man"]);
    assert!(page.contains("CG_AUTH_CLIENT_SECRET") && page.contains("130"), "{page}");
}

#[test]
fn completions_and_man_are_listed_and_the_topics_are_at_the_end() {
    let help = shown(&["--help"]);
    assert!(help.contains("\n  completions  ") && help.contains("\n  man  "), "{help}");
    assert!(!help.contains("\n  exit-codes") && !help.contains("__candidates"), "{help}");
    assert!(help.contains("cg-auth help exit-codes") && help.contains("cg-auth help environment"));
    assert_eq!(cg_auth().args(["man", "nothing"]).output().unwrap().status.code(), Some(2));
}
