//! Writes to standard output and standard error. Unlike the print macros, these functions do not panic if the
//! stream is closed.

mod reader;
mod standard_streams;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

pub(crate) use self::{
    reader::reader_gone,
    standard_streams::{check_stdout, is_stdin_closed, reserve_stdout},
};

/// The style of `error` on a terminal, as in clap's own errors.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The style of `warning` on a terminal.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Writes `text` to standard output and flushes it.
pub(crate) fn to_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes `text` to standard error, without colours if that is not a terminal or `NO_COLOR` is set. A write
/// error is ignored, because there is no other stream to report it on.
pub(crate) fn to_stderr(text: &str) {
    let _ = AutoStream::auto(io::stderr().lock()).write_all(text.as_bytes());
}

/// The line `label: text`.
pub(crate) fn labelled(label: &str, style: Style, text: &str) -> String {
    format!("{style}{label}:{style:#} {text}\n")
}

/// `value`, which holds no secret, as one line of JSON.
pub(crate) fn json_line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value);
    // Serialising strings and numbers cannot fail. If it did, the exit code would still show the failure.
    text.map(|text| escaped_json(&text) + "\n").unwrap_or_default()
}

/// `text` as one line that cannot control a terminal: control characters and invisible characters are
/// escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// Escapes every control character and every invisible character in a JSON text. JSON requires fewer escapes.
/// These characters occur only inside JSON strings, where escapes are valid.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_control() || is_invisible(character) {
            // JSON writes a character beyond U+FFFF as two surrogates.
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(character);
        }
    }
    line
}

/// Whether a character is invisible and changes the text around it: it changes the direction, breaks the
/// line, has no width, or hides text in tags.
const fn is_invisible(character: char) -> bool {
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
    fn control_characters_and_invisible_characters_are_escaped() {
        assert_eq!(
            escaped("a\u{1b}[31mb\r\n\u{9b}2J\u{202e}\u{2028}ü"),
            r"a\u{1b}[31mb\r\n\u{9b}2J\u{202e}\u{2028}ü"
        );
        assert_eq!(escaped_json("{\"a\":\"\u{7f}\u{9b}\u{61c}ü\"}"), r#"{"a":"\u007f\u009b\u061cü"}"#);
    }

    #[test]
    fn a_soft_hyphen_and_tags_are_escaped() {
        assert_eq!(escaped("a\u{ad}b\u{e0041}"), r"a\u{ad}b\u{e0041}");
        let json = escaped_json("\"a\u{ad}b\u{e0041}\u{1f600}\"");
        assert_eq!(json, "\"a\\u00adb\\udb40\\udc41\u{1f600}\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "a\u{ad}b\u{e0041}\u{1f600}");
    }
}
