//! [`refused`]: clap's errors about arguments, without the values that may be secrets.
//!
//! clap quotes what it refuses, so a secret that was typed in the wrong place would reach a log.

use clap::{
    Command,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};

/// `error` as it may be shown. It quotes a flag that no command has, but no positional argument and no value.
///
/// `cli` describes the whole command line, and `arguments` are those that clap refused, without the program.
pub(crate) fn refused(error: Error, cli: Command, arguments: &[String]) -> Error {
    match message(&error, arguments) {
        Some(message) => with_usage(error.kind(), message, cli, arguments),
        None => error,
    }
}

/// The message that replaces clap's own, if that quotes a value.
fn message(error: &Error, arguments: &[String]) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    // For instance `--format <FORMAT>`.
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => unknown_argument(argument, text(ContextKind::SuggestedArg)),
        ErrorKind::InvalidSubcommand => {
            let suggested = match error.get(ContextKind::SuggestedSubcommand) {
                // The nearest is the last.
                Some(ContextValue::Strings(names)) => names.last().cloned(),
                other => other.map(ToString::to_string),
            };
            Some(match suggested {
                Some(name) => format!("no such subcommand; did you mean '{name}'?"),
                None => format!("no such subcommand; {HIDDEN}"),
            })
        }
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).unwrap_or_default().is_empty() => None,
        ErrorKind::InvalidValue => {
            let possible = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(values)) => format!("; expected {}", values.join(", ")),
                _ => String::new(),
            };
            Some(format!("invalid value for '{argument}'{possible}"))
        }
        ErrorKind::ValueValidation => {
            let value = text(ContextKind::InvalidValue).unwrap_or_default();
            let problem = std::error::Error::source(error)
                .map(|problem| format!("; {}", without_value(&problem.to_string(), value)));
            Some(format!("invalid value for '{argument}'{}", problem.unwrap_or_default()))
        }
        ErrorKind::TooManyValues => Some(match names_secret(argument) {
            true => no_flag_takes_a_secret(argument),
            false => format!("'{argument}' takes no value; {HIDDEN}"),
        }),
        // clap would list the hidden subcommands and the help topics too.
        ErrorKind::MissingSubcommand => Some("a subcommand is missing; --help lists them".to_owned()),
        ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument => None,
        // Any other error that quotes an argument.
        _ => {
            let shown = error.to_string();
            let quotes = |argument: &String| {
                let value = argument.split_once('=').map_or(argument.as_str(), |(_, value)| value);
                value.len() > 2 && shown.contains(&format!("'{value}'")) && !is_flag_name(value)
            };
            arguments.iter().any(quotes).then(|| format!("the arguments cannot be used; {HIDDEN}"))
        }
    }
}

/// `problem` with "it" in place of each word that is `value`.
///
/// The parsers of this command say what they expect; those of clap may quote the value. A short value is
/// replaced only at the beginning, where clap quotes a number, because it may be a word of the sentence.
fn without_value(problem: &str, value: &str) -> String {
    let is_word = |at: usize| {
        let is_inside = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
        !is_inside(problem[..at].chars().next_back())
            && !is_inside(problem[at + value.len()..].chars().next())
    };
    let mut shown = String::new();
    let mut end = 0;
    for (at, _) in problem.match_indices(value).filter(|_| !value.is_empty()) {
        if is_word(at) && (at == 0 || value.len() > 3) {
            shown += &problem[end..at];
            shown += "it";
            end = at + value.len();
        }
    }
    shown + &problem[end..]
}

/// The message about an argument that no command has; `None` if that of clap may be shown.
fn unknown_argument(argument: &str, suggested: Option<&str>) -> Option<String> {
    if names_secret(argument) {
        return Some(no_flag_takes_a_secret(argument));
    }
    if is_flag_name(argument) {
        return None;
    }
    let suggestion = suggested.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
    Some(format!("unexpected argument{suggestion}; {HIDDEN}: {NO_FLAG}; {CLIENT_SECRET}"))
}

/// Whether a flag is meant to hold a secret. The flags that name the file of one exist.
fn names_secret(flag: &str) -> bool {
    let Some(name) = flag.strip_prefix("--") else { return false };
    let name = name.split(['=', ' ']).next().unwrap_or_default().replace(['-', '_'], "").to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.ends_with(secret))
}

fn no_flag_takes_a_secret(flag: &str) -> String {
    let flag = flag.split(['=', ' ']).next().unwrap_or_default();
    let ways = match flag.to_ascii_lowercase() {
        name if name.contains("refresh") => {
            "use CG_AUTH_REFRESH_TOKEN, or --refresh-token-file with a file or - for standard input"
        }
        name if name.contains("access") || name.ends_with("-token") || name == "--bearer" => {
            "cg-auth inspect reads a token from standard input"
        }
        name if name.contains("proxy") => "put user:password into CG_AUTH_PROXY",
        _ => CLIENT_SECRET,
    };
    let flag = if is_flag_name(flag) { flag } else { "this flag" };
    format!("there is no {flag}: {NO_FLAG}; {ways}")
}

/// Whether `argument` looks like the name of a flag and not like a secret that begins with a hyphen.
fn is_flag_name(argument: &str) -> bool {
    match argument.strip_prefix("--") {
        Some(name) => {
            name.len() <= LONGEST_FLAG
                && name.starts_with(|first: char| first.is_ascii_lowercase())
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_')
        }
        None => argument.len() == 2 && argument.starts_with('-'),
    }
}

/// An error with the usage of the subcommand that `arguments` name.
fn with_usage(kind: ErrorKind, message: String, mut cli: Command, arguments: &[String]) -> Error {
    cli.build();
    let innermost =
        |command: Command, argument| command.find_subcommand(argument).cloned().unwrap_or(command);
    let mut command = arguments.iter().fold(cli, innermost);
    command.error(kind, message)
}

/// The ends of names of flags that are meant to hold a secret.
const SECRETS: [&str; 8] =
    ["secret", "password", "passwd", "token", "apikey", "credential", "credentials", "bearer"];
const HIDDEN: &str = "it is not shown, because it may be a secret";
const NO_FLAG: &str =
    "no argument takes a secret, because every process can read the arguments of every other process";
const CLIENT_SECRET: &str = "\
    use CG_AUTH_CLIENT_SECRET, --client-secret-file with a file or - for standard input, or \
    client_secret_command in a profile";
/// Longer than every flag.
const LONGEST_FLAG: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_for_a_secret_is_recognised_in_any_spelling() {
        for flag in [
            "--client-secret",
            "--clientSecret",
            "--CLIENT_SECRET",
            "--secret",
            "--password",
            "--refresh-token",
            "--access-token",
            "--token",
            "--proxy-password",
            "--api-key",
            "--client-secret=x",
        ] {
            assert!(names_secret(flag), "{flag}");
        }
        for flag in ["--client-secret-file", "--with-token-x", "--nonsense", "secret", "-s"] {
            assert!(!names_secret(flag), "{flag}");
        }
    }

    #[test]
    fn a_secret_that_begins_with_a_hyphen_is_no_flag() {
        for argument in ["--nonsense", "--with-x", "-x"] {
            assert!(is_flag_name(argument), "{argument}");
        }
        for argument in
            ["--hunter2", "--Hunter", "-hunter", "hunter", "--", "--aaaaaaaaaabbbbbbbbbbccccccccccd"]
        {
            assert!(!is_flag_name(argument), "{argument}");
        }
    }
    #[test]
    fn a_value_is_removed_from_a_sentence_and_its_words_stay_whole() {
        let expected = "expected a duration such as 5s or 250ms";
        for value in ["", "x", "a", "s", "such as5", "e", "ex", "expect", "5"] {
            assert_eq!(without_value(expected, value), expected, "{value}");
        }
        assert_eq!(without_value("70000 is not in 0..=65535", "70000"), "it is not in 0..=65535");
        assert_eq!(without_value("9 is not in 0..=1", "9"), "it is not in 0..=1");
        assert_eq!(without_value("`hunter2`: no 'hunter2'", "hunter2"), "`it`: no 'it'");
    }
}
