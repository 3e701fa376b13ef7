//! [`Shell`]: how each shell sets an environment variable.

use clap::ValueEnum;

use crate::commands::token_format::shell_quoted;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Shell {
    /// sh, bash, zsh and other POSIX shells, for `eval` or `.`.
    #[default]
    Sh,
    /// fish, for `source`.
    Fish,
    /// pwsh and powershell.exe, for `Invoke-Expression`.
    #[value(name = "powershell")]
    Pwsh,
    /// A batch file for cmd.exe, for `call`.
    Cmd,
}

impl Shell {
    /// The line that sets `name`, and keeps every character of `value`. Only cmd.exe cannot hold a line break.
    pub(super) fn assignment(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh => format!("export {name}={}\n", *shell_quoted(value)),
            Self::Fish => format!("set -gx {name} {}\n", fish_quoted(value)),
            Self::Pwsh => format!("$Env:{name} = {}\n", powershell_quoted(value)),
            Self::Cmd => format!("@set {name}={}\r\n", cmd_escaped(value)),
        }
    }
}

/// A word in single quotes, where fish gives a meaning only to a backslash and to the quote itself.
fn fish_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// A literal string. `PowerShell` takes each of these quotation marks for a single quote; doubled, it is literal.
fn powershell_quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for character in text.chars() {
        if matches!(character, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            quoted.push(character);
        }
        quoted.push(character);
    }
    quoted + "'"
}

/// Text of a batch file, without the quotes that `set` would keep. A caret makes the next character literal.
fn cmd_escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '%' => escaped.push('%'),
            '^' | '&' | '|' | '<' | '>' | '"' | '(' | ')' => escaped.push('^'),
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_has_an_assignment_of_its_own() {
        let value = r#"it's a\b "c" $d `e` %F% !g! ^h & |<>(i)"#;
        for (shell, line) in [
            (Shell::Sh, concat!(r#"export N='it'\''s a\b "c" $d `e` %F% !g! ^h & |<>(i)'"#, "\n")),
            (Shell::Fish, concat!(r#"set -gx N 'it\'s a\\b "c" $d `e` %F% !g! ^h & |<>(i)'"#, "\n")),
            (Shell::Pwsh, concat!(r#"$Env:N = 'it''s a\b "c" $d `e` %F% !g! ^h & |<>(i)'"#, "\n")),
            (Shell::Cmd, concat!(r#"@set N=it's a\b ^"c^" $d `e` %%F%% !g! ^^h ^& ^|^<^>^(i^)"#, "\r\n")),
        ] {
            assert_eq!(shell.assignment("N", value), line);
        }
    }

    #[test]
    fn curly_quotes_do_not_end_a_powershell_string() {
        let line = Shell::Pwsh.assignment("N", "\u{2018}\u{2019}\u{201a}\u{201b}");
        let doubled = "\u{2018}\u{2018}\u{2019}\u{2019}\u{201a}\u{201a}\u{201b}\u{201b}";
        assert_eq!(line, format!("$Env:N = '{doubled}'\n"));
    }
}
