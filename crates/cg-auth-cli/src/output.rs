//! The two streams. Writing may fail, and a reader that has gone away is no reason to panic, as the print
//! macros do.

mod reader;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

pub(crate) use self::reader::is_unread;

/// How `error` looks on a terminal, the same as in clap's own errors.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// How `warning` looks on a terminal.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Writes `text` to standard output, through to the reader.
pub(crate) fn to_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes `text` to standard error, its colours only to a terminal that wants them (`NO_COLOR`). Should
/// writing fail there is nowhere left to say so.
pub(crate) fn to_stderr(text: &str) {
    let _ = AutoStream::auto(io::stderr().lock()).write_all(text.as_bytes());
}

/// The line `label: text`.
pub(crate) fn labelled(label: &str, style: Style, text: &str) -> String {
    format!("{style}{label}:{style:#} {text}\n")
}

/// `value` as one line of JSON. Nothing in it is a secret.
pub(crate) fn json_line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value);
    // Strings and numbers always have a JSON form; were it otherwise, the exit code still tells the kind.
    text.map(|text| escaped_json(&text) + "\n").unwrap_or_default()
}

/// `text` as one line that a terminal shows and does not obey: control characters and those that are not
/// seen themselves are spelled out.
pub(crate) fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_unseen(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// A JSON text in which every control character is escaped, beyond those that JSON itself demands, and every
/// one that is not seen. They occur nowhere but in strings.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_control() || is_unseen(character) {
            // JSON spells what lies beyond U+FFFF as two surrogates.
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Infallible: the target is a string.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(character);
        }
    }
    line
}

/// Whether a character has no looks of its own but changes those of its neighbours: it turns the direction,
/// breaks the line, takes no room at all, or hides text in tags.
const fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        assert_eq!(
            escaped("a\u{1b}[31mb\r\n\u{9b}2J\u{202e}\u{2028}ü"),
            r"a\u{1b}[31mb\r\n\u{9b}2J\u{202e}\u{2028}ü"
        );
        assert_eq!(escaped_json("{\"a\":\"\u{7f}\u{9b}\u{61c}ü\"}"), r#"{"a":"\u007f\u009b\u061cü"}"#);
    }

    #[test]
    fn a_soft_hyphen_and_tags_are_spelled_out() {
        assert_eq!(escaped("a\u{ad}b\u{e0041}"), r"a\u{ad}b\u{e0041}");
        let json = escaped_json("\"a\u{ad}b\u{e0041}\u{1f600}\"");
        assert_eq!(json, "\"a\\u00adb\\udb40\\udc41\u{1f600}\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "a\u{ad}b\u{e0041}\u{1f600}");
    }
}
