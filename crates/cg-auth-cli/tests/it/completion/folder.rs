//! [`Folder`]: a home folder with a configuration file, in which a completion script is installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::harness::{cg_auth, cg_auth_process, stdout};

pub(super) struct Folder {
    pub(super) path: PathBuf,
}

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("completion-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join(".config/cg-auth")).unwrap();
        fs::write(path.join(".config/cg-auth/config.toml"), PROFILES).unwrap();
        fs::write(path.join("other.toml"), "[profiles.elsewhere]\n").unwrap();
        fs::write(path.join("odd name.toml"), "[profiles.spaced]\n").unwrap();
        fs::write(path.join("two words.pem"), "").unwrap();
        fs::write(path.join("roots.pem"), "").unwrap();
        std::os::unix::fs::symlink(cg_auth_process().get_program(), path.join("cg-auth")).unwrap();
        Self { path }
    }

    /// Runs the installation command in the first lines of the script for `shell`, from a shell in this folder.
    pub(super) fn install(&self, shell: &str, target: &str) {
        let script = stdout(&cg_auth().args(["completions", shell]).output().unwrap());
        let wanted = format!("cg-auth completions {shell} > {target}");
        let line = script.lines().take(3).find_map(|line| line.strip_prefix("#   ")).unwrap();
        assert_eq!(line, wanted);
        let folder = Path::new(target).parent().unwrap().display();
        let line = format!("mkdir -p {folder} && {line}");
        assert!(self.command("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// `program` with this folder as home, and `cg-auth` on its path.
    pub(super) fn command(&self, program: &str) -> Command {
        let plain = cg_auth_process();
        let mut command = Command::new(program);
        for (name, _) in plain.get_envs() {
            command.env_remove(name);
        }
        let bin = Path::new(plain.get_program()).parent().unwrap().to_owned();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        command.current_dir(&self.path).env("HOME", &self.path).env("PATH", path).env("TERM", "xterm");
        command.env_remove("XDG_DATA_HOME").env("LC_ALL", "C.UTF-8");
        command
    }
}

/// The names are as odd as TOML allows.
const PROFILES: &str = r#"
[profiles.work]
client_secret_command = ["echo", "canary"]
[profiles.lab]
[profiles."my profile"]
[profiles."eu:north"]
[profiles."x$(touch pwned)"]
"#;
