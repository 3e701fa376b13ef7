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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn powershell_reads_back_every_value(value in hostile(r"[\s\S]")) {
            let line = Shell::Pwsh.assignment("N", &value);
            prop_assert_eq!(powershell_value(&line), Some(value), "{:?}", line);
        }

        #[test]
        fn cmd_reads_back_every_value_of_one_line(value in hostile("[^\\p{Cc}]")) {
            let line = Shell::Cmd.assignment("N", &value);
            prop_assert_eq!(cmd_value(&line), Some(value), "{:?}", line);
        }
    }

    #[test]
    fn the_readers_see_what_a_shell_would_do_to_text_that_is_not_quoted() {
        for line in ["$Env:N = 'a'b'\n", "$Env:N = 'a\n", "$Env:N = 'a\u{2019}; calc'\n", "$Env:N = a\n"] {
            assert_eq!(powershell_value(line), None, "{line}");
        }
        assert_eq!(powershell_value("$Env:N = 'a''b'\n").as_deref(), Some("a'b"));
        for text in ["a%b", "%F%", "a&b", "a|b", "a<b", "a>b", "(a", "a)", "a\"b", "a^", "a\nb"] {
            assert_eq!(cmd_value(&format!("@set N={text}\r\n")), None, "{text}");
        }
        assert_eq!(cmd_value("@set N=a^^%%^&\"&^\"\r\n").as_deref(), Some("a^%&\"&^\""));
    }

    /// Texts of `any` character among many that mean something to a shell.
    fn hostile(any: &'static str) -> impl Strategy<Value = String> {
        let characters = prop_oneof![
            3 => prop::sample::select("'\"%^&|<>()!$`\\{}[]#@;=,~*? \u{2018}\u{2019}\u{201a}\u{201b}".chars().collect::<Vec<_>>())
                .prop_map(String::from),
            1 => any,
        ];
        prop::collection::vec(characters, 0..24).prop_map(|parts| parts.concat())
    }

    /// The value of an assignment, by the rules of `about_Quoting_Rules`: a single-quoted string is verbatim, and
    /// two quotation marks in it stand for one. `None` if the line says anything else.
    fn powershell_value(line: &str) -> Option<String> {
        let is_quote = |character: char| "'\u{2018}\u{2019}\u{201a}\u{201b}".contains(character);
        let mut rest = line.strip_prefix("$Env:N = ")?.chars().peekable();
        rest.next_if(|first| is_quote(*first))?;
        let mut value = String::new();
        loop {
            let character = rest.next()?;
            if is_quote(character) && rest.next_if(|next| is_quote(*next)).is_none() {
                break;
            }
            value.push(character);
        }
        (rest.collect::<String>() == "\n").then_some(value)
    }

    /// The value of an assignment in a batch file, read as cmd.exe does: first the percent signs, of which two
    /// stand for one, then carets, quotation marks and operators. `None` if the line says anything else.
    fn cmd_value(line: &str) -> Option<String> {
        let line = line.strip_prefix('@')?.strip_suffix("\r\n")?;
        let mut characters = line.chars().peekable();
        let mut expanded = String::new();
        while let Some(character) = characters.next() {
            if character == '%' {
                characters.next_if_eq(&'%')?;
            }
            expanded.push(character);
        }
        let (mut command, mut is_quoted) = (String::new(), false);
        let mut characters = expanded.chars();
        while let Some(character) = characters.next() {
            match character {
                '^' if !is_quoted => command.push(characters.next()?),
                '&' | '|' | '<' | '>' | '(' | ')' | '\r' | '\n' if !is_quoted => return None,
                character => {
                    is_quoted ^= character == '"';
                    command.push(character);
                }
            }
        }
        (!is_quoted).then_some(command)?.strip_prefix("set N=").map(ToOwned::to_owned)
    }

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
