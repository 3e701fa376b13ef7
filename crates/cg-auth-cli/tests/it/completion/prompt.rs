//! [`Prompt`]: an interactive shell in a terminal, which `script` provides.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use super::folder::Folder;
use crate::harness::skip_without;

pub(super) struct Prompt {
    shell: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
}

/// A line after TAB.
#[derive(Debug)]
pub(super) struct Completed {
    pub(super) line: String,
    /// Everything that the terminal showed, without control sequences.
    pub(super) shown: String,
}

impl Prompt {
    /// bash, with the script loaded by the package bash-completion, or by bash itself. `None` if it is not
    /// installed.
    pub(super) fn bash(folder: &Folder, with_package: bool) -> Option<Self> {
        if skip_without("bash") || skip_without("script") {
            return None;
        }
        let load = if with_package {
            if !fs::exists(PACKAGE).unwrap() {
                skip_without(PACKAGE);
                return None;
            }
            folder.install("bash", "~/.local/share/bash-completion/completions/cg-auth");
            format!("source {PACKAGE}")
        } else {
            "source <(cg-auth completions bash)".to_owned()
        };
        fs::write(folder.path.join("bashrc"), format!("{load}\n{BASH}")).unwrap();
        Some(Self::start(folder, "exec bash --rcfile bashrc -i"))
    }

    /// zsh, with the script in a folder of its function path. `None` if it is not installed.
    pub(super) fn zsh(folder: &Folder) -> Option<Self> {
        if skip_without("zsh") || skip_without("script") {
            return None;
        }
        fs::create_dir_all(folder.path.join("functions")).unwrap();
        let line = "fpath=(~/functions $fpath)\ncg-auth completions zsh > \"${fpath[1]}/_cg-auth\"\n";
        fs::write(folder.path.join(".zshrc"), format!("{line}{ZSH}")).unwrap();
        Some(Self::start(folder, "exec zsh -i"))
    }

    fn start(folder: &Folder, command: &str) -> Self {
        let mut script = folder.command("script");
        script.args(["--quiet", "--flush", "--command", command, "/dev/null"]);
        let mut shell = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, mut output) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut piece) {
                if sender.send(piece[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut prompt = Self { shell, input, output: receiver };
        prompt.read_until("READY", ">");
        prompt
    }

    /// Types `line` and TAB. A key of the test's own then makes the shell print the line,
    /// and clear it for the next one.
    pub(super) fn complete(&mut self, line: &str) -> Completed {
        self.input.write_all(format!("{line}\t\u{18}p").as_bytes()).unwrap();
        let shown = self.read_until("LINE<", ">LINE");
        let at = shown.rfind("LINE<").unwrap() + "LINE<".len();
        let line = shown[at..].split(">LINE").next().unwrap().to_owned();
        Completed { line, shown: without_control_sequences(&shown) }
    }

    /// Reads until the terminal shows `start` and, after it, `end`.
    fn read_until(&mut self, start: &str, end: &str) -> String {
        let mut shown = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&shown).into_owned();
            if text.find(start).is_some_and(|at| text[at..].contains(end)) {
                return text;
            }
            match self.output.recv_timeout(Duration::from_secs(60)) {
                Ok(piece) => shown.extend(piece),
                Err(error) => panic!("the shell shows no {start}: {error}: {text:?}"),
            }
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// `text` with a blank in place of each control sequence (ECMA-48, section 5.4).
fn without_control_sequences(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| {
        let end =
            part.find(|character: char| ('@'..='~').contains(&character)).map_or(part.len(), |at| at + 1);
        format!("{before} {}", &part[end..])
    })
}

const PACKAGE: &str = "/usr/share/bash-completion/bash_completion";

/// A list of candidates is shown at the first TAB, on lines that nothing breaks.
const BASH: &str = r#"
set -o nounset
PS1='READY> '
stty cols 1000 rows 1000
bind 'set show-all-if-ambiguous on'
bind 'set completion-query-items 0'
bind 'set page-completions off'
bind 'set enable-bracketed-paste off'
bind 'set bell-style none'
show_line() { printf "\nLINE<%s>LINE\n" "$READLINE_LINE"; READLINE_LINE= READLINE_POINT=0; }
bind -x '"\C-xp": show_line'
"#;

const ZSH: &str = r#"
setopt no_unset sh_word_split ksh_arrays
PS1='READY> '
stty cols 1000 rows 1000
autoload -Uz compinit
compinit -u -d ~/zcompdump
unset zle_bracketed_paste
LISTMAX=1000
setopt no_beep no_list_ambiguous
zstyle ':completion:*' verbose yes
show-line() { zle -I; print -r -- "LINE<$BUFFER>LINE"; BUFFER= }
zle -N show-line
bindkey '^Xp' show-line
"#;
