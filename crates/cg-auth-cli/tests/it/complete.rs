//! `cg-auth __candidates`, which the completion scripts ask, answers whatever the machine looks like.

use std::{path::Path, time::Duration};

use crate::harness::{cg_auth, file, stderr, stdout};

/// The answer for the last of `words`, with `variables` in the environment.
fn answer(shell: &str, words: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    let mut command = cg_auth();
    command.args(["__candidates", "--shell", shell, "--"]).args(words).envs(variables.iter().copied());
    let output = command.timeout(Duration::from_secs(30)).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{words:?}");
    stdout(&output).lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// The values for the last of `words`.
fn values(words: &[&str]) -> Vec<String> {
    let mut lines = answer("zsh", words, &[]);
    assert_eq!(lines.remove(0), "values", "{words:?}");
    lines
}

#[test]
fn a_flag_that_is_there_is_not_offered_again() {
    let flags = values(&["token", "--format", "json", "-v", "--"]);
    assert!(!flags.iter().any(|flag| flag == "--format"), "{flags:?}");
    assert!(["--watch", "--verbose", "--profile"].iter().all(|flag| flags.iter().any(|it| it == flag)));
}

#[test]
fn a_single_hyphen_offers_short_and_long_flags() {
    let flags = values(&["token", "-"]);
    assert!(["-v", "-h", "--format"].iter().all(|flag| flags.iter().any(|it| it == flag)), "{flags:?}");
    assert!(!values(&["token", "--"]).iter().any(|flag| flag == "-v"));
}

#[test]
fn a_value_that_is_named_like_a_subcommand_is_no_subcommand() {
    assert!(
        values(&["--error-format", "human", "token", "--profile", "refresh", "--fo"])
            .contains(&"--format".into())
    );
    assert!(values(&["refresh", "--profile", "token", "--"]).contains(&"--update".into()));
}

#[test]
fn an_alias_of_a_flag_takes_a_value_too() {
    assert_eq!(values(&["token", "--upn", ""]), Vec::<String>::new());
    assert!(values(&["token", "--upn", "a@b", "--fo"]).contains(&"--format".into()));
}

#[test]
fn paths_and_commands_are_left_to_the_shell() {
    for (words, expected) in [
        (&["token", "--ca-file", "x"][..], "files "),
        (&["token", "--ca-file=x"], "files --ca-file="),
        (&["emulator", "--", ""], "command 2"),
        (&["emulator", "--tls", "--", "git", "--fo"], "command 3"),
    ] {
        assert_eq!(answer("bash", words, &[]), [expected], "{words:?}");
    }
}

#[test]
fn every_subcommand_of_the_help_can_follow_man_and_help() {
    let all = values(&[""]);
    assert!(
        !all.iter().any(|name| ["exit-codes", "environment", "__candidates"].contains(&name.as_str())),
        "{all:?}"
    );
    assert!(values(&["man", ""]).iter().all(|name| all.contains(name)));
    assert!(all.iter().all(|name| values(&["help", ""]).contains(name)), "{all:?}");
    assert_eq!(values(&["help", "token", ""]), Vec::<String>::new());
}

#[test]
fn unusable_settings_and_words_make_nothing_fail() {
    let broken = file("complete-broken.toml", "[profiles.canary");
    let secret = file(
        "complete-secret.toml",
        "[profiles]\nclient_secret = 'canary'\n[profiles.p]\naccess_token = 'canary'\n",
    );
    let control = file(
        "complete-control.toml",
        "[profiles.\"a\\nvalues\\tb\"]\n[profiles.\"\\u001b[31m\"]\n[profiles.plain]\n",
    );
    for (config, expected) in [
        (broken.as_path(), &[][..]),
        (&secret, &["p"]),
        (&control, &["plain"]),
        (Path::new("/nonexistent"), &[]),
        (Path::new("/"), &[]),
        (Path::new("/dev/null"), &[]),
        (Path::new("/dev/zero"), &[]),
    ] {
        let variables = [
            ("CG_AUTH_CONFIG", config.to_str().unwrap()),
            ("CG_AUTH_ERROR_FORMAT", "bogus"),
            ("CG_AUTH_TIMEOUT", "bogus"),
            ("CG_AUTH_CLIENT_SECRET", "canary"),
        ];
        let lines = answer("zsh", &["token", "--profile", ""], &variables);
        assert_eq!(lines[1..], *expected, "{}", config.display());
    }
    for words in [
        &[][..],
        &["--"],
        &["--nothing", "--nothing=x", "-zzz", "nothing", "--", "x", ""],
        &["-"],
        &["\\"],
        &["'"],
    ] {
        for shell in ["bash", "zsh", "fish"] {
            answer(shell, words, &[]);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_completion_runs_no_command_and_shows_no_secret() {
    let run = file("complete-run", "");
    std::fs::remove_file(&run).unwrap();
    let program = run.display();
    let config =
        format!("[profiles.p]\nbase_url = 'commercial'\nclient_secret_command = ['touch', '{program}']\n");
    let config = file("complete-command.toml", &config);
    let variables = [("CG_AUTH_CONFIG", config.to_str().unwrap()), ("CG_AUTH_CLIENT_SECRET", "canary")];
    for words in [&["token", "--profile", ""][..], &["token", "--profile", "p", "-"], &["config", "show", ""]]
    {
        let lines = answer("zsh", words, &variables);
        assert!(!lines.is_empty() && !lines.iter().any(|line| line.contains("canary")), "{lines:?}");
    }
    assert!(!run.exists(), "the command of the profile was run");
}

#[cfg(unix)]
#[test]
fn a_configuration_file_that_is_a_fifo_delays_nothing() {
    let path = file("complete-fifo", "");
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let lines = answer("zsh", &["token", "--profile", ""], &[("CG_AUTH_CONFIG", path.to_str().unwrap())]);
    assert_eq!(lines, ["values"]);
}

#[test]
fn every_script_says_in_its_first_lines_where_to_save_it() {
    for (shell, wanted) in [
        ("bash", "cg-auth completions bash > ~/.local/share/bash-completion/completions/cg-auth"),
        ("zsh", "cg-auth completions zsh > \"${fpath[1]}/_cg-auth\""),
        ("fish", "cg-auth completions fish > ~/.config/fish/completions/cg-auth.fish"),
        ("powershell", "cg-auth completions powershell | Out-String | Invoke-Expression"),
        ("elvish", "eval (cg-auth completions elvish | slurp)"),
    ] {
        let script = stdout(&cg_auth().args(["completions", shell]).output().unwrap());
        let head: Vec<_> = script.lines().take(3).collect();
        assert!(head.iter().any(|line| line.strip_prefix("#   ") == Some(wanted)), "{head:?}");
    }
    let page = stdout(&cg_auth().args(["man", "token"]).output().unwrap());
    let head = r#".\" Install: cg-auth man token > ~/.local/share/man/man1/cg-auth-token.1"#;
    assert_eq!(page.lines().next(), Some(head));
}

#[test]
fn generated_scripts_and_manual_pages_list_no_topic_as_a_subcommand() {
    for arguments in [&["completions", "powershell"][..], &["completions", "elvish"], &["man"]] {
        let text = stdout(&cg_auth().args(arguments).output().unwrap());
        let is_listed = |name: &str| {
            text.contains(&format!("CompletionResult]::new('{name}'"))
                || text.contains(&format!("cand {name} "))
                || text.contains(&format!("cg\\-auth\\-{}(1)", name.replace('-', "\\-")))
        };
        assert!(is_listed("delete-token-cache"), "{arguments:?}: {text}");
        for hidden in ["exit-codes", "environment", "__candidates"] {
            assert!(!is_listed(hidden), "{arguments:?}: {hidden}");
        }
    }
}
