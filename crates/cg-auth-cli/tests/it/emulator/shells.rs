//! `--format env --shell`: each shell reads back every character of every value.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use crate::harness::{cg_auth, cg_auth_process, file, skip_without, skip_without_optional, stderr};

/// The lines of an emulator for `shell`, whose user has the secret `secret`.
fn lines_for(shell: &str, secret: &str) -> String {
    let mut config = "[[users]]\nuser_principal_name = 'o.neil@example.com'\n".to_owned();
    // A JSON string of visible ASCII is a TOML string too.
    writeln!(config, "client_secret = {}", serde_json::to_string(secret).unwrap()).unwrap();
    let config = file(&format!("emulator-{shell}.toml"), &config);
    let mut command = cg_auth_process();
    command.args(["emulator", "--shell", shell, "--config"]).arg(config);
    let mut emulator = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(emulator.stdout.take().unwrap());
    let mut lines = String::new();
    while !lines.contains("CG_AUTH_CONTROL_URL") {
        assert!(output.read_line(&mut lines).unwrap() > 0, "{lines}");
    }
    emulator.kill().unwrap();
    emulator.wait().unwrap();
    lines
}

#[test]
fn each_shell_reads_back_every_visible_character() {
    let secret: String = ('!'..='~').collect();
    for (program, shell, arguments) in [
        ("sh", "sh", &["-c", ". \"$0\"; printenv CG_AUTH_CLIENT_SECRET"][..]),
        ("bash", "sh", &["-c", ". \"$0\"; printenv CG_AUTH_CLIENT_SECRET"]),
        ("dash", "sh", &["-c", ". \"$0\"; printenv CG_AUTH_CLIENT_SECRET"]),
        ("zsh", "sh", &["-f", "-c", ". \"$0\"; printenv CG_AUTH_CLIENT_SECRET"]),
        ("fish", "fish", &["--no-config", "-c", "source $argv[1]; printenv CG_AUTH_CLIENT_SECRET"]),
        (
            "pwsh",
            "powershell",
            &[
                "-NoProfile",
                "-CommandWithArgs",
                "Invoke-Expression (Get-Content -Raw $args[0]); printenv CG_AUTH_CLIENT_SECRET",
            ],
        ),
    ] {
        // CI installs each shell but PowerShell, whose lines a reader in `emulator/shell.rs` reads back.
        let is_missing =
            if program == "pwsh" { skip_without_optional(program) } else { skip_without(program) };
        if is_missing {
            continue;
        }
        let lines = file(&format!("emulator-lines-{program}"), lines_for(shell, &secret));
        let output = Command::new(program).args(arguments).arg(&lines).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert_eq!(printed, format!("{secret}\n"), "{program}: {}", stderr(&output));
    }
}

#[test]
fn the_lines_for_cmd_are_a_batch_file_that_prints_nothing() {
    let lines = lines_for("cmd", "a%b\"&c");
    for line in lines.split_inclusive('\n') {
        assert!(line.starts_with("@set CG_AUTH_") && line.ends_with("\r\n"), "{line:?}");
    }
    assert!(lines.contains("@set CG_AUTH_CLIENT_SECRET=a%%b^\"^&c\r\n"), "{lines}");
}

#[test]
fn a_shell_without_lines_is_refused() {
    for arguments in [&["--format", "json"][..], &["--", "true"]] {
        let output = cg_auth().args(["emulator", "--shell", "fish"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("--shell needs the lines of --format env"), "{arguments:?}");
    }
}
