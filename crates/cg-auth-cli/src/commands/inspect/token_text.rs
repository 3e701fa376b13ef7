//! [`token_in`]: finds the access token in a text, as `cg-auth token` and `cg-auth refresh` print it.

use serde::Deserialize;
use zeroize::Zeroizing;

/// The access token in `text`; `None` if there is none. These forms are read, with blanks around them:
///
/// - the token alone, also after `Bearer` or in quotes;
/// - a line `Authorization: Bearer TOKEN`, also among other lines;
/// - a line `CG_AUTH_ACCESS_TOKEN=TOKEN`, also with `export` before it, with the token quoted as in a shell;
/// - JSON objects with a member `access_token`.
///
/// Of several lines or objects the last one counts, because a watch prints the current token last.
pub(super) fn token_in(text: &str) -> Option<Zeroizing<String>> {
    let text = text.trim_matches(is_blank);
    if text.starts_with('{') {
        return last_object(text);
    }
    let lines = || text.lines().rev().map(|line| line.trim_matches(is_blank));
    if let Some(word) = lines().find_map(assigned) {
        return shell_word(word).filter(|token| !token.is_empty());
    }
    let found = lines().find_map(header).map(copied);
    // A token holds no line break.
    let found =
        found.or_else(|| (!text.contains(['\n', '\r'])).then(|| copied(without_scheme(unquoted(text)))));
    found.filter(|token| !token.is_empty())
}

/// The token of the last complete object. A watch may be cut off in the middle of a line.
fn last_object(text: &str) -> Option<Zeroizing<String>> {
    let mut last = None;
    for object in serde_json::Deserializer::from_str(text).into_iter::<Printed>() {
        match object {
            Ok(printed) => last = printed.access_token.map(Zeroizing::new).or(last),
            Err(error) if error.is_eof() => break,
            Err(_) => return None,
        }
    }
    last
}

#[derive(Deserialize)]
struct Printed {
    access_token: Option<String>,
}

/// The word that a line of a shell assigns to the variable of the token.
fn assigned(line: &str) -> Option<&str> {
    let line = ["export ", "declare -x "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    line.trim_start().strip_prefix("CG_AUTH_ACCESS_TOKEN=")
}

/// The text of a word that a POSIX shell reads; `None` if a quote is not closed. A blank or `;` ends the word.
fn shell_word(word: &str) -> Option<Zeroizing<String>> {
    // Large enough from the start, because a reallocation would leave a copy of the token in memory.
    let mut text = Zeroizing::new(String::with_capacity(word.len()));
    let mut rest = word.chars();
    let mut quote = None;
    while let Some(character) = rest.next() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None | Some('"'), '\\') => {
                let next = rest.next()?;
                if quote.is_some() && !matches!(next, '\\' | '"' | '$' | '`') {
                    text.push('\\');
                }
                text.push(next);
            }
            (None, ';') => break,
            (None, _) if character.is_whitespace() => break,
            _ => text.push(character),
        }
    }
    quote.is_none().then_some(text)
}

/// The token in a line of a request's head.
fn header(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(':')?;
    let is_authorization = name.trim().eq_ignore_ascii_case("authorization");
    is_authorization.then(|| without_scheme(value))
}

fn without_scheme(value: &str) -> &str {
    let value = value.trim_matches(is_blank);
    match value.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_matches(is_blank),
        _ => value,
    }
}

fn unquoted(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// White space, and the byte order mark that some editors write.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{feff}'
}

fn copied(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::token_format::shell_quoted;

    fn found(text: &str) -> Option<String> {
        token_in(text).map(|token| token.to_string())
    }

    #[test]
    fn a_token_is_found_in_every_form_that_is_printed_or_pasted() {
        for text in [
            "a.b.c",
            " \t a.b.c \r\n\n",
            "\u{feff}a.b.c",
            "\u{feff} a.b.c\u{feff}",
            "Bearer a.b.c",
            "bearer\ta.b.c\n",
            "\"a.b.c\"\n",
            "'a.b.c'",
            "\"Bearer a.b.c\"",
            "Authorization: Bearer a.b.c\n",
            "authorization:Bearer   a.b.c",
            "> GET / HTTP/1.1\r\nAUTHORIZATION : a.b.c\r\nAccept: */*\r\n",
            "export CG_AUTH_ACCESS_TOKEN='a.b.c'\nexport CG_AUTH_ACCESS_TOKEN_EXPIRES_AT='2026-01-01T00:00:00Z'\n",
            "CG_AUTH_ACCESS_TOKEN=a.b.c",
            "  export   CG_AUTH_ACCESS_TOKEN=\"a.b.c\"; export X=y",
            "declare -x CG_AUTH_ACCESS_TOKEN=\"a.b.c\"",
            "CG_AUTH_ACCESS_TOKEN=old\r\nCG_AUTH_ACCESS_TOKEN=a.b.c\r\n",
            r#"{"access_token":"a.b.c"}"#,
            "\u{feff}\n{\n  \"version\": 1,\n  \"access_token\": \"a.b.c\"\n}\n",
            "{\"access_token\":\"old\"}\n{\"access_token\":\"a.b.c\"}\n",
            "{\"access_token\":\"old\"}{\"access_token\":\"a.b.c\"}\n{\"access_tok",
            "{\"access_token\":\"a.b.c\"}\n{\"warning\":\"x\"}\n",
            r#"{"access_token":"a.b\u002ec"}"#,
        ] {
            assert_eq!(found(text).as_deref(), Some("a.b.c"), "{text:?}");
        }
    }

    #[test]
    fn a_text_without_one_token_is_refused() {
        for text in [
            "",
            "  \n",
            "\u{feff}",
            "a.b.c\nd.e.f",
            "{}",
            r#"{"access_token":null}"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":"a.b.c"} x"#,
            r#"{"access_token":"a.b.c""#,
            "CG_AUTH_ACCESS_TOKEN='a.b.c",
            "CG_AUTH_ACCESS_TOKEN=",
            "Authorization:",
        ] {
            assert_eq!(found(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_quoted_token_is_read_back() {
        for token in ["it's $(a) `b` \"c\" \\ !", "''", "\\", "a;b c", "é\u{1f600}"] {
            let line = format!("export CG_AUTH_ACCESS_TOKEN={}\n", *shell_quoted(token));
            assert_eq!(found(&line).as_deref(), Some(token));
        }
        assert_eq!(found(r#"CG_AUTH_ACCESS_TOKEN="a\"b\\c\d\$e""#).as_deref(), Some(r#"a"b\c\d$e"#));
        assert_eq!(found(r"CG_AUTH_ACCESS_TOKEN=a\ b\'c").as_deref(), Some("a b'c"));
    }
}
