//! The configuration file: secrets in it are refused, and no error quotes it.

use crate::harness::{cg_auth, emulator, file, stderr, stdout, token_with_profile, with_emulator};

#[test]
fn a_secret_in_the_file_is_refused_without_being_quoted() {
    for (number, text) in [
        "client_secret = 'canary'",
        "[profiles.a]\nclient_secret = 'canary'",
        "[profiles.a]\naccess_token = 'canary'",
        "[profiles.a]\nrefresh-token = 'canary'",
        "[profiles.a]\n[profiles.b]\nclientSecret = 'canary'",
        "[profiles.a]\nclient_secret = canary",
        "[profiles.a]\ntransport = 'canary'",
        "[profiles.a]\ntimeout = 'canary'",
        "[profiles.a]\nallow_http = 'canary'",
        "[profiles.a]\nbase_url = 'https://user:canary@example.com'\nuser_principal_name = 'a@b'",
    ]
    .into_iter()
    .enumerate()
    {
        let path = file(&format!("literal-{number}.toml"), text);
        for format in ["human", "json"] {
            let mut command = cg_auth();
            command.args(["token", "-v", "--error-format", format, "--profile", "a", "--config"]).arg(&path);
            let output = command.env("CG_AUTH_CLIENT_SECRET", "s3cret").output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{text}: {}", stderr(&output));
            assert!(!stderr(&output).contains("canary"), "{text}: {}", stderr(&output));
            assert_eq!(stdout(&output), "");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_secret_command_of_a_profile_runs_without_a_shell() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret();
    // A shell would expand these arguments.
    let program =
        "import_secret() { printf '%s\\n' \"$1\"; }; test \"$2\" = '$(x) *' && import_secret \"$1\"";
    let config = file(
        "command.toml",
        format!(
            "[profiles.p]\nclient_secret_command = ['sh', '-c', '''{program}''', 'sh', '{secret}', '$(x) *']\n"
        ),
    );
    let mut command = with_emulator(&emulator, &["token", "--profile", "p", "--config"]);
    let output = command.arg(config).env_remove("CG_AUTH_CLIENT_SECRET").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_secret_command_that_fails_shows_its_own_error_and_not_its_output() {
    for (number, (argv, message)) in [
        (
            "['sh', '-c', 'echo canary; echo locked >&2; exit 3']",
            "locked\nerror: client_secret_command (sh) failed with exit code 3\n",
        ),
        ("['sh', '-c', 'yes canary']", "longer than"),
        ("['/does/not/exist', 'canary']", "/does/not/exist"),
        (r"['sh', '-c', 'printf canary\\377']", "not UTF-8 text"),
        ("['true']", "the client secret is empty"),
    ]
    .into_iter()
    .enumerate()
    {
        let config = file(
            &format!("failing-{number}.toml"),
            format!("[profiles.p]\nclient_secret_command = {argv}\n"),
        );
        let output = token_with_profile(&config).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{argv}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{argv}: {}", stderr(&output));
        assert!(!stderr(&output).contains("canary"), "{argv}: {}", stderr(&output));
    }
}
