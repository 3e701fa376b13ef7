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
            "locked\nerror: client_secret_command (sh) failed with exit code 3 (profile \"p\" in ",
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

#[test]
fn only_a_fault_of_the_profile_that_is_used_is_an_error() {
    let emulator = emulator();
    let config = file(
        "faults.toml",
        "[profiles.good]\ntimeout = '9s'\n[profiles.key]\nbase-url = 'x'\n[profiles.value]\ntimeout = 'canary'\n",
    );
    let token = |profile: &str| {
        let mut command = with_emulator(&emulator, &["token", "--profile", profile, "--config"]);
        command.arg(&config).output().unwrap()
    };
    let good = token("good");
    assert_eq!(good.status.code(), Some(0), "{}", stderr(&good));
    let warnings = stderr(&good);
    let warned = format!(
        "warning: {}: profiles.key.base-url is not a known setting; did you mean base_url? (this profile is not used now)\n",
        config.display()
    );
    assert!(warnings.contains(&warned) && warnings.contains("profiles.value.timeout"), "{warnings}");
    assert!(!warnings.contains("canary"), "{warnings}");

    let key = token("key");
    assert_eq!(key.status.code(), Some(2));
    let text = stderr(&key);
    assert!(text.contains("profiles.key.base-url is not a known setting; did you mean base_url?"), "{text}");
    assert_eq!(token("value").status.code(), Some(2));
}

#[test]
fn an_unknown_profile_lists_the_known_ones() {
    let config = file("known.toml", "[profiles.work]\n[profiles.lab]\n");
    let output = cg_auth().args(["token", "--profile", "worc", "--config"]).arg(&config).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let expected = format!(
        "error: no profile \"worc\" in {}; did you mean work?; the file holds lab, work\n",
        config.display()
    );
    assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));

    let config = file("known-default.toml", "default_profile = 'x'\n[profiles.work]\n");
    let output = cg_auth().arg("token").arg("--config").arg(&config).output().unwrap();
    assert!(stderr(&output).contains("default_profile names \"x\""), "{}", stderr(&output));
}

#[test]
fn a_byte_order_mark_is_dropped_in_every_text_file() {
    let emulator = emulator();
    let marked = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let secret = file("marked-secret", marked(emulator.credential().client_secret().expose_secret()));
    let tls = crate::harness::block_on(cg_auth_emulator::Emulator::builder().tls().start()).unwrap();
    let ca_file = file("marked-ca.pem", marked(tls.ca_pem().unwrap()));
    let config = file(
        "marked.toml",
        marked(&format!(
            "[profiles.p]\nclient_secret_file = '{}'\nca_file = '{}'\n",
            secret.display(),
            ca_file.display()
        )),
    );
    let mut command = with_emulator(&emulator, &["token", "--profile", "p", "--config"]);
    let output = command.arg(&config).env_remove("CG_AUTH_CLIENT_SECRET").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let token = stdout(&output);
    let output = cg_auth().arg("inspect").write_stdin(marked(&token)).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let utf16 = file("utf16-secret", b"\xff\xfes\0");
    let output = with_emulator(&emulator, &["token", "--client-secret-file"]).arg(&utf16).output().unwrap();
    assert!(stderr(&output).contains("UTF-16 text; save it as UTF-8"), "{}", stderr(&output));
}

#[test]
fn a_certificate_that_cannot_be_read_is_named_by_its_line() {
    let tls = crate::harness::block_on(cg_auth_emulator::Emulator::builder().tls().start()).unwrap();
    let good = tls.ca_pem().unwrap();
    let line = good.lines().count() + 1;
    for (number, bad) in [
        good.replace("-----BEGIN", "----BEGIN"),
        "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n".to_owned(),
        "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let ca_file = file(&format!("bad-ca-{number}.pem"), format!("{good}{bad}"));
        let output = with_emulator(&tls, &["token", "--ca-file"]).arg(&ca_file).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains(&format!("{} (--ca-file)", ca_file.display())), "{text}");
        assert!(text.contains(&format!("line {line}: ")) && !text.contains("Y2Fu"), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_tilde_and_a_relative_program_are_resolved() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret();
    let home = file("tilde-marker", "").parent().unwrap().join("tilde-home");
    std::fs::create_dir_all(home.join("bin")).unwrap();
    std::fs::write(home.join("secret"), secret).unwrap();
    crate::harness::chmod(&home.join("secret"), 0o600);
    std::fs::write(home.join("bin/get"), format!("#!/bin/sh\necho '{secret}'\n")).unwrap();
    crate::harness::chmod(&home.join("bin/get"), 0o700);
    let config = home.join("c.toml");
    std::fs::write(
        &config,
        "[profiles.file]\nclient_secret_file = '~/secret'\n\
         [profiles.relative]\nclient_secret_command = ['bin/get']\n\
         [profiles.tilde]\nclient_secret_command = ['~/bin/get']\n",
    )
    .unwrap();
    let token = |arguments: &[&str], variable: Option<&str>| {
        let mut command = with_emulator(&emulator, &["token"]);
        command.args(arguments).env("HOME", &home).env_remove("CG_AUTH_CLIENT_SECRET").current_dir("/");
        command.envs(variable.map(|path| ("CG_AUTH_CLIENT_SECRET_FILE", path)));
        command.output().unwrap()
    };
    let config = config.to_str().unwrap();
    for (arguments, variable) in [
        (&["--profile", "file", "--config", config][..], None),
        (&["--profile", "relative", "--config", config], None),
        (&["--profile", "tilde", "--config=~/c.toml"], None),
        (&["--client-secret-file=~/secret"], None),
        (&[], Some("~/secret")),
    ] {
        let output = token(arguments, variable);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_secret_from_another_place_than_the_base_url_is_told() {
    let emulator = emulator();
    let secret = file("elsewhere-secret", emulator.credential().client_secret().expose_secret());
    let config = file(
        "elsewhere.toml",
        format!(
            "[profiles.secret]\nclient_secret_file = '{}'\n[profiles.url]\nbase_url = '{}'\n\
             [profiles.both]\nbase_url = '{}'\nclient_secret_file = '{}'\n",
            secret.display(),
            emulator.base_url(),
            emulator.base_url(),
            secret.display()
        ),
    );
    let lines = |profile: Option<&str>, keep: &[&str]| {
        let mut command = with_emulator(&emulator, &["token", "--config"]);
        command.arg(&config).args(profile.iter().flat_map(|name| ["--profile", name]));
        for variable in ["CG_AUTH_BASE_URL", "CG_AUTH_CLIENT_SECRET"] {
            if !keep.contains(&variable) {
                command.env_remove(variable);
            }
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stderr(&output)
    };
    let place = |name: &str| format!("profile \"{name}\" in {}", config.display());
    assert_eq!(
        lines(Some("secret"), &["CG_AUTH_BASE_URL"]),
        format!(
            "warning: the base URL comes from CG_AUTH_BASE_URL, and the client secret from {}\n",
            place("secret")
        )
    );
    assert_eq!(
        lines(Some("url"), &["CG_AUTH_CLIENT_SECRET"]),
        format!(
            "warning: the base URL comes from {}, and the client secret from CG_AUTH_CLIENT_SECRET\n",
            place("url")
        )
    );
    assert_eq!(lines(Some("both"), &[]), "");
    assert_eq!(lines(None, &["CG_AUTH_BASE_URL", "CG_AUTH_CLIENT_SECRET"]), "");
}
